package ai.spattention.eval;

import ai.spattention.olmoe.io.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What a model folder holds, for comparison of results. */
public final class ModelDigest {

    private ModelDigest() {}

    /**
     * Digests a model.
     *
     * @param folder a folder in Hugging Face's format
     * @return the SHA-256 of {@code config.json} and all safetensors files, in the order of their names
     * @throws IOException if reading fails
     */
    public static String of(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            List<Path> files = all.filter(file -> file.getFileName().toString().endsWith(".safetensors")
                    || file.getFileName().toString().equals("config.json")).sorted().toList();
            return Sha256.of(files);
        }
    }
}
