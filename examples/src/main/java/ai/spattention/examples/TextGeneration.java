package ai.spattention.examples;

import ai.djl.inference.Predictor;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.spattention.olmoe.generate.GeneratedText;
import ai.spattention.olmoe.generate.OlmoeTextGeneration;
import ai.spattention.olmoe.generate.OlmoeTranslatorFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Lets a model folder go on with texts: one as it grows, then several at once. */
public final class TextGeneration {

    private TextGeneration() {}

    /**
     * Loads the folder by DJL's Criteria and prints what the model says.
     *
     * @param arguments settings as {@code name=value}
     * @throws Exception if the folder is no model
     */
    public static void main(String[] arguments) throws Exception {
        Options options = Options.of(arguments, "device=cpu", "model=", "prompt=Every head ", "tokens=60", "temperature=0.8", "seed=0",
                "precision=float32");
        Path folder = TinyModel.folderOr(options.text("model"));
        Criteria<String, GeneratedText> criteria = OlmoeTextGeneration.criteria(folder)
                .setTypes(String.class, GeneratedText.class)
                .optDevice(options.device())
                .optArgument("maxNewTokens", options.text("tokens"))
                .optArgument("temperature", options.text("temperature"))
                .optArgument("seed", options.text("seed"))
                .optArgument("precision", options.text("precision"))
                .build();
        String prompt = options.text("prompt");
        try (ZooModel<String, GeneratedText> model = criteria.loadModel();
                Predictor<String, GeneratedText> predictor = model.newPredictor()) {
            System.out.println("one text, as it grows:");
            System.out.print(prompt);
            try (GeneratedText text = predictor.streamingPredict(prompt).getIterativeOutput()) {
                while (text.hasNext()) {
                    System.out.print(text.next()); // whole characters, as soon as they are there
                    System.out.flush();
                }
            }
            System.out.println();
            System.out.println("several texts together:");
            printAll(model, List.of(prompt, "A", "The last position has seen "));
        }
    }

    /** The same model, weights and all, with the translator that gives whole texts: they share one cache, whatever their lengths. */
    private static void printAll(ZooModel<?, ?> model, List<String> prompts) throws Exception {
        try (Predictor<String, String> predictor = model.newPredictor(
                new OlmoeTranslatorFactory().newInstance(String.class, String.class, model, Map.of()))) {
            List<String> texts = predictor.batchPredict(prompts);
            for (int i = 0; i < prompts.size(); i++) {
                System.out.println(prompts.get(i) + texts.get(i));
            }
        }
    }
}
