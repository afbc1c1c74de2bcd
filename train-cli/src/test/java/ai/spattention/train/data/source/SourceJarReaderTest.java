package ai.spattention.train.data.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SourceJarReaderTest {

    @TempDir
    private Path folder;

    @Test
    void readsTheJavaFilesByTheirNames() throws IOException {
        Path jar = jar("one.jar", Map.of("b/B.java", "class B {}\n", "a/A.java", "class A { int b; }", "a/notes.txt", "not Java",
                "META-INF/MANIFEST.MF", "x"));
        assertEquals(List.of("one.jar!a/A.java 1 class A { int b; }\n", "one.jar!b/B.java 2 class B {}\n"), read(jar));
    }

    @Test
    void aJarWithoutJavaFilesHoldsNoDocument() throws IOException {
        assertEquals(List.of(), read(jar("one.jar", Map.of("a/A.class", "x"))));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "/* A LICENSE, 2.0 */\\npackage a;           | package a;\\n",
        "/*\\n * The licence.\\n */\\n\\npackage a;\\n | package a;\\n",
        "  /* licensed */ class A {}                 | class A {}\\n",
        "/** Javadoc of a licence. */ class A {}     | /** Javadoc of a licence. */ class A {}\\n",
        "/* Something else. */ class A {}            | /* Something else. */ class A {}\\n",
        "/* a licence without an end                 | /* a licence without an end\\n",
        "class A {} /* licence */                    | class A {} /* licence */\\n",
        "/* no */ class A {} /* licence */           | /* no */ class A {} /* licence */\\n",
        "/* licence */                               | \\n",
        "a\\r\\nb                                    | a\\nb\\n",
    })
    void theLicenceAtTheHeadIsLeftOut(String text, String rest) {
        assertEquals(unescape(rest), SourceJarReader.withoutLicence(unescape(text)));
    }

    @Test
    void aDamagedJarIsNamed() throws IOException {
        Path jar = Files.writeString(folder.resolve("cut.jar"), "PK, and then the transfer broke");
        String message = assertThrows(InvalidInputException.class, () -> read(jar)).getMessage();
        assertTrue(message.startsWith(jar + " is not a jar that can be read ("), message);
    }

    @Test
    void whatIsNoUtf8IsNamed() throws IOException {
        Path jar = folder.resolve("latin.jar");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
            zip.putNextEntry(new ZipEntry("A.java"));
            zip.write("// caf\u00e9".getBytes(StandardCharsets.ISO_8859_1));
        }
        assertEquals(jar + ": A.java is not in UTF-8: leave the jar out", assertThrows(InvalidInputException.class, () -> read(jar)).getMessage());
    }

    private static List<String> read(Path jar) throws IOException {
        List<String> parts = new ArrayList<>();
        try (ByteTokenizer bytes = new ByteTokenizer();
                PartReader reader = new InputFile(jar).open("text", DocumentSeparator.NONE, bytes)) {
            for (Optional<TextPart> part = reader.next(); part.isPresent(); part = reader.next()) {
                assertTrue(part.get().first() && part.get().last());
                parts.add(part.get().id() + " " + part.get().line() + " " + part.get().text());
            }
            assertEquals(Files.size(jar), reader.bytesRead());
        }
        return parts;
    }

    private static String unescape(String text) {
        return text.replace("\\r", "\r").replace("\\n", "\n");
    }

    private Path jar(String name, Map<String, String> files) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(folder.resolve(name)))) {
            for (Map.Entry<String, String> file : new TreeMap<>(files).entrySet()) {
                zip.putNextEntry(new ZipEntry(file.getKey()));
                zip.write(file.getValue().getBytes(StandardCharsets.UTF_8));
            }
        }
        return folder.resolve(name);
    }
}
