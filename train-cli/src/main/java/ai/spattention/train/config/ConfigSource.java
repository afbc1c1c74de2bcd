package ai.spattention.train.config;

import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.io.TextFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A configuration's YAML text, where it came from, and how to find another one next to it.
 */
public final class ConfigSource {

    /** A configuration of more bytes than this is a mistake: a data file, or a device that never ends. */
    static final int MAX_BYTES = 1 << 20;

    private final String name;
    private final URL location;
    private final boolean isPreset;

    private ConfigSource(String name, URL location, boolean isPreset) {
        this.name = name;
        this.location = location;
        this.isPreset = isPreset;
    }

    /**
     * What the command line's {@code --config} means: a path if it ends in {@code .yaml} or {@code .yml} or names a folder
     * on the way, else a preset.
     *
     * @param fileOrPreset a file's path or a preset's name
     * @return the source
     * @throws InvalidInputException if there is no such preset
     */
    public static ConfigSource of(String fileOrPreset) {
        return isFile(fileOrPreset) || fileOrPreset.contains("/") ? file(Path.of(fileOrPreset))
                : Presets.find(fileOrPreset);
    }

    /**
     * A file.
     *
     * @param path its path
     * @return the source
     */
    public static ConfigSource file(Path path) {
        try {
            return new ConfigSource(path.toString(), path.toAbsolutePath().normalize().toUri().toURL(), false);
        } catch (MalformedURLException e) {
            throw new InvalidInputException("cannot read the configuration " + path, e);
        }
    }

    /** A resource of the class path. */
    static ConfigSource resource(String name, URL location) {
        return new ConfigSource(name, location, true);
    }

    /**
     * What another configuration's name means in this source.
     *
     * @param value a file next to it if the value ends in .yaml or .yml, else a preset
     * @return the other source
     * @throws InvalidInputException if there is no such preset
     */
    public ConfigSource relative(String value) {
        if (!isFile(value)) {
            return Presets.find(value);
        }
        if (isPreset) {
            return Presets.find(value.replaceFirst("\\.ya?ml$", ""));
        }
        Path shown = Path.of(name).resolveSibling(value);
        return new ConfigSource(shown.toString(), file(path().resolveSibling(value)).location, false);
    }

    /**
     * What the source is called in messages.
     *
     * @return a path, or a preset with its name
     */
    public String name() {
        return name;
    }

    /** Whether there is anything to read. */
    boolean exists() {
        return !isOnDisk() || Files.exists(path());
    }

    private boolean isOnDisk() {
        return location.getProtocol().equals("file");
    }

    private Path path() {
        return Path.of(URI.create(location.toString()));
    }

    /** Whether both are the same file or resource. */
    boolean isSameAs(ConfigSource other) {
        return location.toExternalForm().equals(other.location.toExternalForm());
    }

    /**
     * Reads the text.
     *
     * @return the text
     * @throws InvalidInputException if there is none, or it cannot be one of a configuration
     */
    public String read() {
        byte[] bytes;
        if (!exists()) {
            throw new InvalidInputException("there is no configuration file " + name);
        }
        if (isOnDisk() && Files.isDirectory(path())) {
            throw new InvalidInputException("the configuration " + name + " is a folder: name a .yaml file");
        }
        try (InputStream in = location.openStream()) {
            bytes = in.readNBytes(MAX_BYTES + 1);
        } catch (IOException e) {
            throw new InvalidInputException("cannot read the configuration " + name + ": " + e.getMessage(), e);
        }
        if (bytes.length > MAX_BYTES) {
            throw new InvalidInputException(name + " has more than " + MAX_BYTES + " bytes: it is not a configuration");
        }
        try {
            return TextFile.withoutMark(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException e) {
            throw new InvalidInputException(name + " is not UTF-8 text", e);
        }
    }

    private static boolean isFile(String value) {
        return value.endsWith(".yaml") || value.endsWith(".yml");
    }

    @Override
    public String toString() {
        return name;
    }
}
