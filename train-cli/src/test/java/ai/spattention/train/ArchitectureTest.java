package ai.spattention.train;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.Architectures.LayeredArchitecture;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Holds the packages of all modules, which this one uses, to one direction of dependency: the order that docs/architecture.md gives. */
class ArchitectureTest {

    /** From below: a package knows those of its own layer and of the layers before it. */
    private static final List<List<String>> LAYERS = List.of(
            List.of("ai.spattention.common"),
            List.of("ai.spattention.pattern"),
            List.of("ai.spattention.torch"),
            List.of("ai.spattention.cuda"),
            List.of("ai.spattention.plan"),
            List.of("ai.spattention.cublas"),
            List.of("ai.spattention.segment"),
            List.of("ai.spattention.adamw", "ai.spattention.crossentropy", "ai.spattention.embedding", "ai.spattention.groupedmatmul",
                    "ai.spattention.querykeyrotary", "ai.spattention.rmsnorm", "ai.spattention.router", "ai.spattention.swiglu"),
            List.of("ai.spattention.attention", "ai.spattention.attention.engine", "ai.spattention.attention.fused"),
            List.of("ai.spattention.attention.auto"),
            List.of("ai.spattention"),
            List.of("ai.spattention.olmoe.io", "ai.spattention.olmoe.keys"),
            List.of("ai.spattention.olmoe.config", "ai.spattention.olmoe.safetensors", "ai.spattention.olmoe.tokenizer"),
            List.of("ai.spattention.olmoe.moe", "ai.spattention.olmoe.nn"),
            List.of("ai.spattention.olmoe.loss"),
            List.of("ai.spattention.olmoe.model"),
            List.of("ai.spattention.olmoe.checkpoint"),
            List.of("ai.spattention.olmoe.generate", "ai.spattention.olmoe.pass"),
            List.of("ai.spattention.eval.data", "ai.spattention.eval.measure", "ai.spattention.eval.python"),
            List.of("ai.spattention.eval.jinja", "ai.spattention.eval.metric", "ai.spattention.eval.score"),
            List.of("ai.spattention.eval.report", "ai.spattention.eval.task"),
            List.of("ai.spattention.eval"),
            List.of("ai.spattention.eval.probe"),
            List.of("ai.spattention.eval.session"),
            List.of("ai.spattention.train.checkpoint", "ai.spattention.train.data.source", "ai.spattention.train.distributed",
                    "ai.spattention.train.launch", "ai.spattention.train.mask", "ai.spattention.train.metrics", "ai.spattention.train.optim",
                    "ai.spattention.train.study.result", "ai.spattention.train.study.statistics", "ai.spattention.train.terminal"),
            List.of("ai.spattention.train.data", "ai.spattention.train.report.chart", "ai.spattention.train.study.analysis"),
            List.of("ai.spattention.train.config"),
            List.of("ai.spattention.train.machine"),
            List.of("ai.spattention.train.loop.observer", "ai.spattention.train.loop.setup"),
            List.of("ai.spattention.train.loop.step"),
            List.of("ai.spattention.train.loop.periodic"),
            List.of("ai.spattention.train.loop"),
            List.of("ai.spattention.train.bench", "ai.spattention.train.metrics.tensorboard", "ai.spattention.train.report",
                    "ai.spattention.train.study.config", "ai.spattention.train.study.page"),
            List.of("ai.spattention.train.info", "ai.spattention.train.study.run"),
            List.of("ai.spattention.train.cli.option"),
            List.of("ai.spattention.train.cli.bench", "ai.spattention.train.cli.session"),
            List.of("ai.spattention.train.cli"));

    private static final JavaClasses CLASSES = new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("ai.spattention");

    @Test
    void packagesFormNoCycle() {
        slices().matching("ai.(**)").should().beFreeOfCycles().check(CLASSES);
    }

    /** A package without a layer fails, too: give it one here and in the document. */
    @Test
    void aLayerKnowsThoseBelowIt() {
        LayeredArchitecture architecture = layeredArchitecture().consideringOnlyDependenciesInLayers();
        for (List<String> layer : LAYERS) {
            architecture = architecture.layer(name(layer)).definedBy(layer.toArray(String[]::new));
        }
        String[] names = LAYERS.stream().map(ArchitectureTest::name).toArray(String[]::new);
        architecture = architecture.whereLayer(names[0]).mayNotAccessAnyLayer();
        for (int i = 1; i < names.length; i++) {
            architecture = architecture.whereLayer(names[i]).mayOnlyAccessLayers(Arrays.copyOf(names, i));
        }
        architecture.ensureAllClassesAreContainedInArchitecture().check(CLASSES);
    }

    private static String name(List<String> packages) {
        return String.join(", ", packages);
    }
}
