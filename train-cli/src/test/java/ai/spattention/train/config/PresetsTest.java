package ai.spattention.train.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.Precision;
import ai.spattention.attention.auto.Kernels;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.LayerPatterns;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.StandardPattern;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PresetsTest {

    private static final List<String> SIZES = List.of("quickstart", "olmoe-0.25b-1.75b", "olmoe-1b-7b");

    @Test
    void thereIsOneForEveryPatternAtEverySize() {
        TreeSet<String> expected = new TreeSet<>(SIZES);
        expected.add("olmoe-16m-90m"); // whose patterns are a study's arms
        for (String size : SIZES) {
            for (StandardPattern pattern : StandardPattern.values()) {
                if (pattern != StandardPattern.SP) {
                    expected.add(size + "-" + pattern.patternName());
                }
            }
        }
        assertEquals(List.copyOf(expected), Presets.names());
    }

    @Test
    void aPatternsPresetDiffersFromItsBaseInNameAndPatternOnly() {
        for (String size : SIZES) {
            RunConfig base = load(size);
            assertEquals(LayerPatterns.all(StandardPattern.SP), base.model().patterns());
            assertEquals(size, base.name());
            for (StandardPattern pattern : StandardPattern.values()) {
                if (pattern != StandardPattern.SP) {
                    String name = size + "-" + pattern.patternName();
                    assertEquals(RunConfigLoader.load(Presets.find(size),
                            List.of("name=" + name, "model.attention_pattern=" + pattern.patternName())), load(name));
                }
            }
        }
    }

    @Test
    void theLargePresetsHaveThePublishedFigures() {
        RunConfig config = load("olmoe-1b-7b");
        assertEquals(OlmoeConfig.builder().setVocabSize(50304).setHiddenSize(2048).setIntermediateSize(1024).setNumHiddenLayers(16)
                .setNumAttentionHeads(16).setNumExperts(64).setNumExpertsPerTok(8).setMaxPositionEmbeddings(4096)
                .optPattern(StandardPattern.SP).optLayoutLength(LayoutLength.of(4096)).build(), config.model());
        assertEquals(new OptimizerConfig(4e-4, 0.9, 0.95, 1e-8, 0.1, Precision.BFLOAT16), config.optimizer());
        assertEquals(ScheduleType.WARMUP_COSINE, config.schedule().type());
        assertEquals(0.1, config.schedule().minLrRatio());
        assertEquals(1024 * 4096, config.tokensPerStep());
        OlmoeConfig small = load("olmoe-0.25b-1.75b").model();
        assertEquals(List.of(1024, 512, 16, 8, 64, 8), List.of(small.hiddenSize(), small.intermediateSize(),
                small.numHiddenLayers(), small.numAttentionHeads(), small.numExperts(), small.numExpertsPerTok()));
    }

    @Test
    void refusesAnUnknownName() {
        assertEquals("unknown preset 'quickstart-casual': did you mean quickstart-causal? choose one of "
                + String.join(", ", Presets.names()) + ", or name a .yaml file",
                assertThrows(InvalidInputException.class, () -> Presets.find("quickstart-casual")).getMessage());
        assertThrows(InvalidInputException.class, () -> Presets.find("../defaults"));
        assertThrows(InvalidInputException.class, () -> ConfigSource.of(""));
    }

    @Test
    void aNameOnTheCommandLineIsAPresetOrAFile(@TempDir Path folder) throws IOException {
        assertEquals("preset quickstart", ConfigSource.of("quickstart").name());
        Path file = Files.writeString(folder.resolve("own.yaml"), "extends: quickstart\nname: own\n");
        assertEquals("own", RunConfigLoader.load(ConfigSource.of(file.toString()), List.of()).name());
        assertEquals("./quickstart", ConfigSource.of("./quickstart").name());
    }

    @Test
    void areFoundInAJarToo(@TempDir Path folder) throws Exception {
        Path classes = Path.of(Presets.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        Path jar = folder.resolve("with space.jar");
        try (OutputStream out = Files.newOutputStream(jar); JarOutputStream entries = new JarOutputStream(out);
                Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(file -> !file.equals(classes)).toList()) {
                String name = classes.relativize(file).toString();
                entries.putNextEntry(new JarEntry(Files.isDirectory(file) ? name + "/" : name));
                if (Files.isRegularFile(file)) {
                    Files.copy(file, entries);
                }
                entries.closeEntry();
            }
        }
        try (URLClassLoader loader = new OwnFirst(jar.toUri().toURL())) {
            Class<?> presets = loader.loadClass(Presets.class.getName());
            assertTrue(presets.getResource("presets").toString().startsWith("jar:"));
            assertEquals(Presets.names(), presets.getMethod("names").invoke(null));
            Object source = presets.getMethod("find", String.class).invoke(null, "quickstart-local");
            Object config = loader.loadClass(RunConfigLoader.class.getName())
                    .getMethod("load", source.getClass(), List.class).invoke(null, source, List.of());
            assertEquals(load("quickstart-local").toString(), config.toString());
        }
    }

    @Test
    void kernelsAreThoseOfTheLibrary() {
        for (String name : Kernels.names()) {
            assertEquals(name, ConfigFiles.load("model.kernel=" + name).kernel());
        }
    }

    private static RunConfig load(String preset) {
        return RunConfigLoader.load(Presets.find(preset), List.of());
    }

    /** Finds this package's classes in the jar rather than in the folder of the tests' class path. */
    private static final class OwnFirst extends URLClassLoader {

        OwnFirst(URL jar) {
            super(new URL[] {jar}, PresetsTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                if (name.startsWith(Presets.class.getPackageName() + ".")) {
                    Class<?> loaded = findLoadedClass(name);
                    return loaded != null ? loaded : findClass(name);
                }
                return super.loadClass(name, resolve);
            }
        }

        @Override
        public URL getResource(String name) {
            URL own = findResource(name);
            return own != null ? own : super.getResource(name);
        }
    }
}
