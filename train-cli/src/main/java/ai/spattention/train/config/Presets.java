package ai.spattention.train.config;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.Hints;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The configurations that come with the project: the files of the folder {@code config}, by name without ending. */
public final class Presets {

    private static final String SUFFIX = ".yaml";
    private static final String FOLDER = "presets";
    private static final String COMMENT = "# ";
    private static final String EXTENDS = "extends:";

    private Presets() {}

    /**
     * Finds a preset.
     *
     * @param name its name, such as {@code quickstart} or {@code olmoe-1b-7b-causal}
     * @return the source of its text
     * @throws InvalidInputException if no preset has the name
     */
    public static ConfigSource find(String name) {
        URL location = name.matches("[A-Za-z0-9._-]+") ? Presets.class.getResource(FOLDER + "/" + name + SUFFIX) : null;
        if (location == null) {
            List<String> names = names();
            String hint = Hints.nearest(name, names).map(near -> "did you mean " + near + "? ").orElse("");
            throw new InvalidInputException("unknown preset '" + Setting.shown(name) + "': " + hint
                    + "choose one of " + String.join(", ", names) + ", or name a .yaml file");
        }
        return ConfigSource.resource("preset " + name, location);
    }

    /**
     * What a run has that begins with a model and names no configuration: steps, batches and rates. The model's own files give the rest.
     *
     * @return the source of its text
     */
    public static ConfigSource finetune() {
        return ConfigSource.resource("the defaults of --from", Presets.class.getResource("finetune.yaml"));
    }

    /**
     * All presets.
     *
     * @return their names, sorted
     */
    public static List<String> names() {
        URL folder = Presets.class.getResource(FOLDER);
        if (folder == null) {
            throw new IllegalStateException("the presets are missing from the class path");
        }
        try {
            URI uri = folder.toURI();
            if (!uri.getScheme().equals("jar")) {
                return names(Path.of(uri));
            }
            String[] jarAndEntry = uri.toString().split("!", 2);
            try (FileSystem jar = FileSystems.newFileSystem(Path.of(URI.create(jarAndEntry[0].substring("jar:".length()))))) {
                return names(jar.getPath(jarAndEntry[1]));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list the presets in " + folder, e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException("cannot list the presets in " + folder, e);
        }
    }

    /**
     * What a preset is for: the first line of its file, which is a comment, or of a variant, which has none, what it is a variant of.
     *
     * @param name its name
     * @return one line
     * @throws InvalidInputException if no preset has the name
     */
    public static String purpose(String name) {
        List<String> lines = find(name).read().lines().toList();
        if (!lines.isEmpty() && lines.get(0).startsWith(COMMENT)) {
            return lines.get(0).substring(COMMENT.length());
        }
        return lines.stream().filter(line -> line.startsWith(EXTENDS)).findFirst()
                .map(line -> "as " + line.substring(EXTENDS.length()).strip().replaceFirst("\\.yaml$", "") + ", but with another pattern")
                .orElse("");
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(SUFFIX))
                    .map(file -> file.substring(0, file.length() - SUFFIX.length()))
                    .sorted()
                    .toList();
        }
    }
}
