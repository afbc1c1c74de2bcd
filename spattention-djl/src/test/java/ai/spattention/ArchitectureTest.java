package ai.spattention;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.Architectures.LayeredArchitecture;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Holds the packages to one direction of dependency: the order that docs/architecture.md gives. */
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
            List.of("ai.spattention"));

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
