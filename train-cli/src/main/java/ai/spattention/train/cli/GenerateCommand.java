package ai.spattention.train.cli;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.generate.Sampling;
import ai.spattention.olmoe.generate.TextGenerator;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.olmoe.tokenizer.SpecialToken;
import ai.spattention.olmoe.tokenizer.SpecialTokens;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import ai.spattention.olmoe.tokenizer.Tokenizers;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Lets a model go on with a text. */
@Command(name = "generate", mixinStandardHelpOptions = true, description = "Let a model go on with a text.")
final class GenerateCommand implements Callable<Integer> {

    @Mixin
    private ModelOptions model;

    @Mixin
    private DeviceOption device;

    @Option(names = "--prompt", required = true, paramLabel = "TEXT", description = "What to go on with; may be empty.")
    private String prompt;

    @Option(names = "--tokens", defaultValue = "128", paramLabel = "N", description = "New tokens at most (default: ${DEFAULT-VALUE}).")
    private int tokens;

    @Option(names = "--temperature", defaultValue = "0.8", paramLabel = "T", description = "0 takes the likeliest token always (default: ${DEFAULT-VALUE}).")
    private double temperature;

    @Option(names = "--top-k", defaultValue = "0", paramLabel = "K", description = "Keep the K likeliest tokens; 0 keeps all (default: ${DEFAULT-VALUE}).")
    private int topK;

    @Option(names = "--top-p", defaultValue = "1", paramLabel = "P", description = "Keep the likeliest tokens that reach probability P together (default: ${DEFAULT-VALUE}).")
    private double topP;

    @Option(names = "--seed", defaultValue = "0", paramLabel = "S", description = "The same seed gives the same text (default: ${DEFAULT-VALUE}).")
    private long seed;

    @ParentCommand
    private Main main;

    @Override
    public Integer call() throws IOException {
        Sampling sampling = new Sampling(temperature, topK, topP, seed);
        TextGenerator.Builder generator = TextGenerator.builder().optSampling(sampling).optMaxNewTokens(tokens);
        Device where = device.device();
        try (NDManager manager = NDManager.newBaseManager(where, "PyTorch")) {
            OlmoeModel block = model.load(manager, UnaryOperator.identity());
            SpecialTokens special = SpecialTokens.read(model.folder());
            try (Tokenizer tokenizer = Tokenizers.load(model.folder(), null)) {
                long[] start = start(tokenizer, special);
                generator.setModel(block, manager).optEndTokens(special.ends().stream().mapToLong(SpecialToken::id).toArray());
                PrintWriter out = main.textOut();
                out.print(prompt);
                Stream text = new Stream(tokenizer, out);
                generator.build().generate(text::add, start);
                text.end();
            }
        }
        return 0;
    }

    private long[] start(Tokenizer tokenizer, SpecialTokens special) {
        int[] ids = tokenizer.encode(prompt);
        if (ids.length == 0) { // a text begins after the end of another
            ids = new int[] {special.prefix().map(SpecialToken::id).orElseThrow(() -> new InvalidInputException(
                    "--prompt is empty and the tokenizer has no token that could begin a text"))};
        }
        return Arrays.stream(ids).asLongStream().toArray();
    }

    /** Prints text as it grows, holding back characters whose bytes are not all there. */
    private static final class Stream {

        private final Tokenizer tokenizer;
        private final PrintWriter out;
        private int[] ids = {};
        private int printed;

        Stream(Tokenizer tokenizer, PrintWriter out) {
            this.tokenizer = tokenizer;
            this.out = out;
        }

        void add(long id) {
            ids = Arrays.copyOf(ids, ids.length + 1);
            ids[ids.length - 1] = Math.toIntExact(id);
            String text = tokenizer.decode(ids);
            int end = text.length();
            while (end > printed && text.charAt(end - 1) == '\uFFFD') {
                end--;
            }
            print(text, end);
        }

        private void print(String text, int end) {
            if (end > printed) {
                out.print(text.substring(printed, end));
                out.flush();
                printed = end;
            }
        }

        void end() {
            String text = tokenizer.decode(ids);
            print(text, text.length());
            out.println();
        }
    }
}
