package ai.spattention.olmoe.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Sha256Test {

    /** The first example of FIPS 180-2. */
    private static final String ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @TempDir
    private Path folder;

    @Test
    void filesAreOneTextAfterAnother() throws IOException {
        Path first = Files.writeString(folder.resolve("first"), "a");
        Path second = Files.writeString(folder.resolve("second"), "bc");
        assertEquals(ABC, Sha256.of("abc"));
        assertEquals(ABC, Sha256.of(List.of(first, second)));
    }

    @Test
    void thePrefixIsTheDigestsBeginning() {
        MessageDigest digest = Sha256.digest();
        assertEquals(0xba7816bf8f01cfeaL, Sha256.prefix("abc"));
        assertEquals(0xba7816bf8f01cfeaL, Sha256.prefix("abc", digest));
        assertEquals(0xba7816bf8f01cfeaL, Sha256.prefix("abc", digest));
    }
}
