package ai.spattention.train.machine;

import java.io.IOException;
import java.nio.file.Path;

/** Where artifacts come from. */
@FunctionalInterface
public interface ArtifactSource {

    /**
     * Fetches an artifact.
     *
     * @param artifact group:artifact:version:type[:classifier]
     * @param folder an existing folder that gets the file
     * @return the file
     * @throws ai.spattention.common.InvalidInputException if a person has to change something first
     * @throws IOException if the artifact cannot be had
     */
    Path fetch(String artifact, Path folder) throws IOException;
}
