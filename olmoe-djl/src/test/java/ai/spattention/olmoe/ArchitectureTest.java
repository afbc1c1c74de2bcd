package ai.spattention.olmoe;

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
            List.of("ai.spattention.olmoe.io", "ai.spattention.olmoe.keys"),
            List.of("ai.spattention.olmoe.config", "ai.spattention.olmoe.safetensors", "ai.spattention.olmoe.tokenizer"),
            List.of("ai.spattention.olmoe.moe", "ai.spattention.olmoe.nn"),
            List.of("ai.spattention.olmoe.loss"),
            List.of("ai.spattention.olmoe.model"),
            List.of("ai.spattention.olmoe.checkpoint"),
            List.of("ai.spattention.olmoe.generate", "ai.spattention.olmoe.pass"));

    private static final JavaClasses CLASSES = new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("ai.spattention.olmoe");

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
