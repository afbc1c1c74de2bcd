package ai.spattention.train.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The launcher in a home of its own, with a script in Java's place that tells how it was called. */
class LauncherTest {

    @TempDir
    private Path temporary;

    private Path home;

    private record Result(int code, String output) {}

    @BeforeEach
    void makeHome() throws IOException {
        home = Files.createDirectories(temporary.resolve("a home"));
        Files.copy(Path.of("..", "spattn"), home.resolve("spattn"));
        for (String folder : List.of("config", "train-cli/src/main", "train-cli/target")) {
            Files.createDirectories(home.resolve(folder));
        }
        Files.writeString(home.resolve("pom.xml"), "<project/>");
        Files.writeString(home.resolve("train-cli/pom.xml"), "<project/>");
        Files.writeString(home.resolve("train-cli/target/.built"), "");
        Files.writeString(Files.createDirectories(home.resolve("train-cli/target/natives/cpu")).resolve("version.txt"), "2.7.1\ncpu\n");
        Path java = Files.createDirectories(home.resolve("jdk/bin")).resolve("java");
        Files.writeString(java, """
                #!/bin/sh
                echo "path=$PYTORCH_LIBRARY_PATH version=$PYTORCH_VERSION flavor=$PYTORCH_FLAVOR"
                printf '%s\\n' "$@"
                echo "HOME=$HOME"
                echo "charmap=$(locale charmap)"
                """);
        assertTrue(java.toFile().setExecutable(true));
    }

    private Result run(Map<String, String> environment, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("bash", home.resolve("spattn").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("PYTORCH_") || name.startsWith("SPATTN_"));
        builder.environment().putAll(Map.of("JAVA_HOME", home.resolve("jdk").toString(), "DJL_CACHE_DIR", home.resolve("cache").toString()));
        builder.environment().putAll(environment);
        builder.environment().values().removeIf(String::isEmpty);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Result(process.waitFor(), output);
    }

    private Path natives(String folder) throws IOException {
        Path natives = Files.createDirectories(home.resolve(folder));
        Files.writeString(natives.resolve("libtorch_cuda.so"), "x");
        Files.writeString(natives.resolve("libcudart-8774224f.so.12"), "x");
        return natives;
    }

    /** The program finds them by itself. */
    private static String cpuNatives() {
        return "path= version= flavor=\n";
    }

    /** A program that every launcher finds before the system's. */
    private Map<String, String> instead(String name, String script) throws IOException {
        Path program = Files.createDirectories(temporary.resolve("instead")).resolve(name);
        Files.writeString(program, "#!/bin/sh\n" + script);
        assertTrue(program.toFile().setExecutable(true));
        return Map.of("PATH", program.getParent() + ":" + System.getenv("PATH"));
    }

    /** A Maven that notes that it was called and with what. */
    private Map<String, String> maven() throws IOException {
        return instead("mvn", "echo \"$@\" >> '" + home + "/called'\nsleep 0.3\n");
    }

    private List<String> mavenCalls() throws IOException {
        Path called = home.resolve("called");
        return Files.exists(called) ? Files.readAllLines(called) : List.of();
    }

    private static void setTime(Path file, int secondsFromNow) throws IOException {
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().plusSeconds(secondsFromNow)));
    }

    @Test
    void usesWhatGpuNativesMade() throws Exception {
        Path natives = natives(".natives/cu124");
        Files.writeString(natives.resolve("version.txt"), "2.5.1\ncu124\n");
        String output = run(Map.of(), "doctor", "--device", "gpu").output();
        assertTrue(output.startsWith("path=" + natives + " version=2.5.1 flavor=cu124\n"), output);
        assertTrue(output.contains("-Djna.library.path=" + home.resolve("train-cli/target/cuda")), output);
        assertEquals(natives.resolve("libcudart-8774224f.so.12").toRealPath(),
                home.resolve("train-cli/target/cuda/libcudart.so").toRealPath());
    }

    @Test
    void usesWhatDjlDownloaded() throws Exception {
        Path natives = natives("cache/pytorch/2.7.1-cu128-linux-x86_64");
        String output = run(Map.of(), "doctor", "--device=gpu:1").output();
        assertTrue(output.startsWith("path=" + natives + " version=2.7.1 flavor=cu128\n"), output);
    }

    @Test
    void passesOverWhatAKilledRunLeft() throws Exception {
        natives(".natives/.cu124.unpacking/libraries");
        String output = run(Map.of(), "doctor", "--device", "gpu").output();
        assertTrue(output.startsWith(cpuNatives()), output);
    }

    @Test
    void theProcessorNeedsNoneOfIt() throws Exception {
        Path natives = natives(".natives/cu124");
        for (String command : List.of("doctor", "bench")) {
            String output = run(Map.of("PYTORCH_LIBRARY_PATH", natives.toString(), "PYTORCH_VERSION", "2.5.1"), command, "--device", "cpu")
                    .output();
            assertTrue(output.startsWith(cpuNatives()), output);
        }
    }

    @Test
    void refusesAGpuThatIsNotThere() throws Exception {
        assumeFalse(Files.exists(Path.of("/dev/nvidiactl")) || Files.exists(Path.of("/dev/dxg")), "this machine has a GPU");
        for (String device : List.of("gpu", "gpu:1")) {
            Result result = run(Map.of(), "bench", "attention", "--device", device);
            assertEquals(2, result.code());
            assertEquals("spattn: --device " + device + " was asked for, but this machine has no NVIDIA GPU: use --device cpu",
                    result.output().strip());
        }
        for (List<String> several : List.of(List.of("--devices", "gpu:1,gpu:0"), List.of("--devices=gpu:1,gpu:0"))) {
            String[] arguments = Stream.concat(Stream.of("eval", "--text", "x"), several.stream()).toArray(String[]::new);
            assertTrue(run(Map.of(), arguments).output().startsWith("spattn: --device gpu:1 was asked for, but this machine has no NVIDIA GPU"));
        }
    }

    @Test
    void theProgramIsWhatTheBuildMade() throws Exception {
        Path target = home.resolve("train-cli/target");
        List<String> lines = run(Map.of("TMPDIR", "/some where"), "info").output().lines().toList();
        assertTrue(lines.containsAll(List.of("-Djava.io.tmpdir=/some where", "-Dspattention.home=" + home)), lines.toString());
        assertEquals(target.resolve("classes") + ":" + target + "/lib/*:" + target.resolve("natives/duckdb"),
                lines.get(lines.indexOf("-cp") + 1));
    }

    @Test
    void aDistributionNeedsNoMaven() throws Exception {
        Files.writeString(home.resolve("spattention.jar"), "");
        Files.delete(home.resolve("train-cli/target/.built"));
        Files.delete(home.resolve("config"));
        List<String> lines = run(instead("mvn", "echo Maven; exit 1"), "info").output().lines().toList();
        assertEquals(home + "/spattention.jar:" + home + "/lib/*:" + home + "/natives/duckdb", lines.get(lines.indexOf("-cp") + 1));
    }

    @Test
    void argumentsArriveAsTheyAre() throws Exception {
        String[] arguments = {"generate", "", "two words", "*", "a\\b", "\"quoted\"", "$HOME", "--device=cpu"};
        List<String> lines = run(Map.of(), arguments).output().lines().toList();
        int main = lines.indexOf("ai.spattention.train.cli.Main");
        assertEquals(List.of(arguments), lines.subList(main + 1, main + 1 + arguments.length));
    }

    @Test
    void theExitCodeIsJavas() throws Exception {
        Files.writeString(home.resolve("jdk/bin/java"), "#!/bin/sh\nexit 7\n");
        assertEquals(7, run(Map.of(), "info").code());
    }

    @Test
    void anOldJavaIsRefused() throws Exception {
        Files.writeString(home.resolve("jdk/release"), "JAVA_VERSION=\"11.0.2\"\n");
        Result result = run(Map.of(), "info");
        assertEquals(2, result.code());
        assertEquals("spattn: Java 11 found: version 17 or newer is needed", result.output().strip());
    }

    @Test
    void aShellOnWindowsIsShownTheOtherLauncher() throws Exception {
        Result result = run(instead("uname", "echo MINGW64_NT-10.0"), "info");
        assertEquals(2, result.code());
        assertEquals("spattn: on Windows the launcher is spattn.cmd", result.output().strip());
    }

    /** A folder with the few programs that the launcher needs, besides those that stand {@link #instead} of the system's. */
    private Path tools() throws IOException {
        Path tools = Files.createDirectories(temporary.resolve("instead"));
        for (String tool : List.of("dirname", "basename", "uname", "cat", "sed", "head", "tail", "id", "locale", "grep", "cmp", "cp", "mv", "rm",
                "mkdir", "touch", "sleep", "git", "ln", "sh", "bash", "find", "readlink")) {
            for (String folder : System.getenv("PATH").split(":")) {
                if (Files.exists(Path.of(folder, tool)) && !Files.exists(tools.resolve(tool))) {
                    instead(tool, "exec '" + Path.of(folder, tool) + "' \"$@\"");
                }
            }
        }
        return tools;
    }

    /** As on macOS: no readlink -f, no find -quit, no flock. */
    @Test
    void onlyWhatEverySystemHasIsNeeded() throws Exception {
        Path link = Files.createDirectories(temporary.resolve("bin")).resolve("spattn");
        Files.createSymbolicLink(link, Files.createSymbolicLink(temporary.resolve("bin/again"), Path.of("../a home/spattn")));
        Map<String, String> environment = new HashMap<>(instead("readlink", "[ $# = 1 ] || exit 1; exec /usr/bin/env PATH='"
                + System.getenv("PATH") + "' readlink \"$1\""));
        instead("find", "case \"$*\" in *-quit*) exit 1 ;; esac; exec /usr/bin/env PATH='" + System.getenv("PATH") + "' find \"$@\"");
        Path tools = tools();
        maven();
        environment.put("PATH", tools.toString());
        setTime(home.resolve("pom.xml"), 10);
        ProcessBuilder builder = new ProcessBuilder("bash", link.toString(), "info").redirectErrorStream(true);
        builder.environment().putAll(environment);
        builder.environment().put("JAVA_HOME", home.resolve("jdk").toString());
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), output);
        assertTrue(output.contains("-Dspattention.home=" + home), output);
        assertEquals(1, mavenCalls().size());
        assertFalse(Files.exists(home.resolve("train-cli/target/.build-holder")));
    }

    @Test
    void sourcesThatAreNewerAreBuiltOnce() throws Exception {
        setTime(home.resolve("train-cli/target/.built"), -10);
        run(maven(), "info");
        run(maven(), "info");
        assertEquals(1, mavenCalls().size());
        assertTrue(mavenCalls().get(0).contains("-Dassembly.skipAssembly=true"), mavenCalls().toString());
    }

    private void wrapper(String script) throws IOException {
        Path wrapper = Files.writeString(home.resolve("mvnw"), "#!/bin/sh\n" + script);
        assertTrue(wrapper.toFile().setExecutable(true));
        Files.delete(home.resolve("train-cli/target/.built"));
    }

    @Test
    void withoutMavenTheWrapperBuilds() throws Exception {
        wrapper("echo \"$@\" >> called\n");
        assertEquals(0, run(Map.of("PATH", tools().toString()), "info").code());
        assertEquals("--version", mavenCalls().get(0));
        assertTrue(mavenCalls().get(1).endsWith("-pl train-cli -am package"), mavenCalls().toString());
    }

    @Test
    void aWrapperThatGetsNoMavenSaysWhy() throws Exception {
        wrapper("echo 'wget: Failed to fetch x'; exit 1");
        Result result = run(Map.of("PATH", tools().toString()), "info");
        assertEquals(2, result.code());
        assertEquals("spattn: no Maven found: install Maven 3.8 or newer to build the jars on first use, or unzip, without which ./mvnw cannot get it",
                result.output().strip());
        instead("unzip", "exit 0");
        assertEquals("wget: Failed to fetch x\nspattn: no Maven found, and ./mvnw could not get it: install Maven 3.8 or newer to build the jars on"
                + " first use", run(Map.of("PATH", tools().toString()), "info").output().strip());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void twoAtATimeBuildOnce(boolean flock) throws Exception {
        Files.delete(home.resolve("train-cli/target/.built"));
        Map<String, String> environment = maven();
        if (!flock) { // what a killed build left is nobody's
            Files.writeString(home.resolve("spattn"), Files.readString(home.resolve("spattn")).replace("command -v flock", "false"));
            Process ended = new ProcessBuilder("true").start();
            ended.waitFor();
            Files.writeString(home.resolve("train-cli/target/.build-holder"), ended.pid() + "\n");
        }
        CompletableFuture<Result> other = CompletableFuture.supplyAsync(() -> {
            try {
                return run(environment, "info");
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        assertEquals(0, run(environment, "info").code());
        assertEquals(0, other.get().code());
        assertEquals(1, mavenCalls().size());
    }

    @Test
    void aFailedBuildIsToldInALine() throws Exception {
        Files.delete(home.resolve("train-cli/target/.built"));
        Result result = run(instead("mvn", "echo '[ERROR] no way'; exit 1"), "info");
        assertEquals(1, result.code());
        assertTrue(result.output().contains("[ERROR] no way") && result.output().contains("spattn: the build failed"), result.output());
        assertFalse(Files.exists(home.resolve("train-cli/target/.built")));
    }

    @Test
    void anEditedPresetIsCopiedAndNotBuilt() throws Exception {
        Path presets = Files.createDirectories(home.resolve("train-cli/target/classes/ai/spattention/train/config/presets"));
        Files.writeString(presets.resolve("edited.yaml"), "before");
        Files.writeString(presets.resolve("removed.yaml"), "before");
        for (String name : List.of("edited", "added", "study-mine")) {
            setTime(Files.writeString(home.resolve("config").resolve(name + ".yaml"), "after"), 10);
        }
        run(instead("mvn", "exit 1"), "info");
        try (Stream<Path> files = Files.list(presets)) {
            assertEquals(List.of("added.yaml", "edited.yaml"), files.map(file -> file.getFileName().toString()).sorted().toList());
        }
        assertEquals("after", Files.readString(presets.resolve("edited.yaml")));
    }

    /** The launcher for Windows is not run here: it has to give Java the same. */
    @Test
    void bothLaunchersGiveJavaTheSameOptions() throws IOException {
        Set<String> here = options(Files.readString(Path.of("..", "spattn")));
        here.removeIf(option -> option.startsWith("-Duser.home") || option.startsWith("-Djna.library.path"));
        assertEquals(here, options(Files.readString(Path.of("..", "spattn.cmd"))));
        assertTrue(here.contains("-Dspattention.home") && here.contains("-Xmx2g") && here.contains("-Dassembly.skipAssembly"), here.toString());
    }

    private static Set<String> options(String script) {
        return Pattern.compile("(?<=[\\s\"=+])(-XX:[-+]\\w+|-X\\w+(:\\w+)?|-D[\\w.]+|--[a-z]+-[a-z-]+=[\\w./=-]+)").matcher(script).results()
                .map(MatchResult::group).collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void jarsOfTheUsersComeLastOnTheClassPath() throws Exception {
        List<String> lines = run(Map.of("SPATTN_CLASS_PATH", "/my kernels/a.jar:/b"), "info").output().lines().toList();
        assertTrue(lines.get(lines.indexOf("-cp") + 1).endsWith("/natives/duckdb:/my kernels/a.jar:/b"), lines.toString());
    }

    @ParameterizedTest
    @CsvSource({"17.0.15, false", "21, false", "22.0.2, false", "23, true", "25.0.3, true", "100-ea, true"})
    void memoryAccessIsAllowedWhereJavaKnowsTheOption(String version, boolean known) throws Exception {
        Files.writeString(home.resolve("jdk/release"), "IMPLEMENTOR_VERSION=\"Any-99\"\nJAVA_VERSION=\"" + version
                + "\"\nJAVA_VERSION_DATE=\"2026-04-21\"\n");
        List<String> lines = run(Map.of(), "info").output().lines().toList();
        assertTrue(lines.contains("--enable-native-access=ALL-UNNAMED"), lines.toString());
        assertEquals(known, lines.contains("--sun-misc-unsafe-memory-access=allow"), lines.toString());
    }

    @ParameterizedTest
    @CsvSource({"17.0.15, false", "25, true"})
    void javaIsAskedForItsVersionWhereNoFileTells(String version, boolean known) throws Exception {
        Files.writeString(home.resolve("jdk/bin/java"), """
                #!/bin/sh
                if [ "$1" = -version ]; then echo 'openjdk version "%s" 2025-09-16' >&2; else printf '%%s\\n' "$@"; fi
                """.formatted(version));
        List<String> lines = run(Map.of(), "info").output().lines().toList();
        assertEquals(known, lines.contains("--sun-misc-unsafe-memory-access=allow"), lines.toString());
    }

    @Test
    void aHomeThatIsNotSetIsThatOfTheUser() throws Exception {
        List<String> lines = run(Map.of("HOME", "", "DJL_CACHE_DIR", ""), "doctor", "--device", "gpu").output().lines().toList();
        String user = System.getProperty("user.home");
        assertTrue(lines.contains("HOME=" + user) && lines.contains("-Duser.home=" + user), lines.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"C", "POSIX", "", "xx_YY.UTF-8"})
    void aLocaleWithoutUtf8ChangesNoText(String locale) throws Exception {
        List<String> lines = run(Map.of("LC_ALL", locale, "LANG", "", "LC_CTYPE", ""), "generate", "--prompt", "Zürich 東京 🙂").output()
                .lines().toList();
        assertTrue(lines.contains("Zürich 東京 🙂") && lines.contains("charmap=UTF-8"), lines.toString());
    }
}
