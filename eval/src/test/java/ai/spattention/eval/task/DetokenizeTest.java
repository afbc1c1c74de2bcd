package ai.spattention.eval.task;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.eval.SharedFiles;
import ai.spattention.eval.python.PythonText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** The expected values are CPython 3.11's. */
class DetokenizeTest {

    @Test
    void detokenizesWikitext() {
        assertEquals(" == Robert ==\n\nThe boys'3,000-strong \"old $1 band\" (see [note]) was at 20\u00b0C; /'[0-9]/ 1 times:"
                        + " Teddy's, {x}!' so '?\n",
                Detokenize.wikitext(" = = Robert = = \n \n The boys ' 3 @,@ 000 @-@ strong \" old $1 band \" ( see [ note ] )"
                        + " was at 20 \u00b0 C ; /' 5/ N times : Teddy 's , { x } ! ' so ' ? \n"));
    }

    @Test
    void detokenizesAWholeSetAsPythonDoes() throws IOException, NoSuchAlgorithmException {
        String text = Files.readString(SharedFiles.find("data/text/wikitext-2.test.txt"));
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(Detokenize.wikitext(text).getBytes(StandardCharsets.UTF_8));
        assertEquals("f7a499621c56efe6af6dfcf0000730cb19f60063656a277e0dc881c165d6c397", HexFormat.of().formatHex(digest));
        assertEquals(241213, PythonText.countWords(text));
    }

    @Test
    void cleansHellaswag() {
        assertEquals("How to cook. Boil it.", Detokenize.hellaswag("  How to cook [title]Boil [substeps] it. "));
        assertEquals("a  b", Detokenize.hellaswag("a    b")); // two spaces become one, once
    }
}
