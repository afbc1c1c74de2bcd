package ai.spattention.train.machine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Jars laid out like the published ones, with a few bytes for every library. */
public final class KitJars {

    private KitJars() {}

    /** PyTorch's libraries. */
    public static Path libraries(Path folder) throws IOException {
        String in = "pytorch/cu124/linux-x86_64/";
        return jar(folder.resolve("pytorch-native-cu124-2.5.1-linux-x86_64.jar"), "native/lib/pytorch.properties", "version=2.5.1",
                in + "libtorch.so", "x", in + "libtorch_cpu.so", "x", in + "libtorch_cuda.so", "x", in + "libc10.so", "x",
                in + "libc10_cuda.so", "x", in + "notes/readme.so", "deeper");
    }

    /** DJL's library for several machines. */
    public static Path jni(Path folder) throws IOException {
        return jar(folder.resolve("pytorch-jni-2.5.1-0.32.0.jar"), "jnilib/linux-x86_64/cpu/libdjl_torch.so", "jni cpu",
                "jnilib/linux-x86_64/cu124/libdjl_torch.so", "jni cu124",
                "jnilib/linux-x86_64/cu124-precxx11/libdjl_torch.so", "jni old", "jnilib/win-x86_64/cu124/djl_torch.dll", "jni");
    }

    /** A jar of texts: name, content, name, content. */
    static Path jar(Path file, String... entries) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            for (int i = 0; i < entries.length; i += 2) {
                zip.putNextEntry(new ZipEntry(entries[i]));
                zip.write(entries[i + 1].getBytes(StandardCharsets.UTF_8));
            }
        }
        return file;
    }
}
