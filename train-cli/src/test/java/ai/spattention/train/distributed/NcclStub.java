package ai.spattention.train.distributed;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.jna.Library;
import com.sun.jna.Native;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** A library with NCCL's functions over the host's memory, compiled where there is a C compiler. */
interface NcclStub extends Library {

    String stub_calls();

    void stub_clear();

    /** Makes a function fail from now on. */
    void stub_fail(String function);

    /** Makes the communicators say that they have failed. */
    void stub_fail_later(int code);

    void stub_version(int number);

    /** Compiles the library. */
    static Path compile(Path folder, String... options) throws IOException, InterruptedException {
        Path source = folder.resolve("nccl_stub.c");
        try (InputStream in = NcclStub.class.getResourceAsStream("nccl_stub.c")) {
            Files.write(source, in.readAllBytes());
        }
        Path library = folder.resolve("libnccl_stub" + options.length + ".so");
        List<String> command = new ArrayList<>(List.of("cc", "-std=gnu11", "-shared", "-fPIC", "-O1", "-pthread", "-o", library.toString(),
                source.toString()));
        command.addAll(List.of(options));
        Path log = folder.resolve("cc.log");
        try {
            Process compiler = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
            Assumptions.assumeTrue(compiler.waitFor(2, TimeUnit.MINUTES), "the C compiler does not end");
            assertEquals(0, compiler.exitValue(), Files.readString(log));
        } catch (IOException e) {
            Assumptions.abort("no C compiler (cc) here");
        }
        return library;
    }

    static NcclStub of(Path library) {
        return Native.load(library.toString(), NcclStub.class);
    }
}
