package ai.spattention.train.cli;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.spattention.olmoe.generate.GenerationRequest;
import ai.spattention.olmoe.generate.Prompts;
import ai.spattention.olmoe.generate.TextGenerator;
import ai.spattention.olmoe.generate.TextPieces;
import ai.spattention.train.cli.option.DeviceOption;
import ai.spattention.train.cli.option.ModelOptions;
import ai.spattention.train.cli.option.PromptOptions;
import ai.spattention.train.cli.session.Generation;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Lets a model go on with a text. */
@Command(name = "generate", mixinStandardHelpOptions = true, description = "Let a model go on with a text.")
final class GenerateCommand implements Callable<Integer> {

    private static final double DEFAULT_TEMPERATURE = 0.8;

    @Mixin
    private ModelOptions model;

    @Mixin
    private DeviceOption device;

    @ArgGroup(multiplicity = "1")
    private PromptOptions prompt;

    @Option(names = "--tokens", paramLabel = "N",
            description = "New tokens at most (default: as the model's generation_config.json says, else 128).")
    private Integer tokens;

    @Option(names = "--temperature", paramLabel = "T",
            description = "0 takes the likeliest token always (default: as generation_config.json says, else 0.8).")
    private Double temperature;

    @Option(names = "--top-k", paramLabel = "K",
            description = "Keep the K likeliest tokens; 0 keeps all (default: as generation_config.json says, else 0).")
    private Integer topK;

    @Option(names = "--top-p", paramLabel = "P", description = "Keep the likeliest tokens that reach probability P together"
            + " (default: as generation_config.json says, else 1).")
    private Double topP;

    @Option(names = "--seed", defaultValue = "0", paramLabel = "S", description = "The same seed gives the same text (default: ${DEFAULT-VALUE}).")
    private long seed;

    @ParentCommand
    private Main main;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        String text = prompt.text();
        GenerationRequest request = new GenerationRequest(temperature, topK, topP, tokens, seed);
        Device where = device.device();
        try (NDManager manager = NDManager.newBaseManager(where, "PyTorch");
                Generation generation = Generation.open(model, request, DEFAULT_TEMPERATURE, manager, spec.commandLine().getErr()::println)) {
            long[] start = new Prompts(generation.tokenizer(), generation.special()).encode(text);
            PrintWriter out = main.textOut();
            StringBuilder ahead = new StringBuilder(text); // shown with the first token: a kernel that refuses has printed nothing
            TextPieces pieces = new TextPieces(generation.tokenizer());
            TextGenerator.builder().setModel(generation.model(), manager).optOptions(generation.options()).build().generate(token -> {
                out.print(ahead.append(pieces.add(token)));
                ahead.setLength(0);
                out.flush();
            }, start);
            out.println(ahead.append(pieces.end()));
        }
        return 0;
    }
}
