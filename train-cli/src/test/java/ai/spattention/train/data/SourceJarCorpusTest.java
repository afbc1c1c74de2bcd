package ai.spattention.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SourceJarCorpusTest {

    @TempDir
    private Path folder;

    @Test
    void readsTheJavaFilesOfAllJars() throws IOException {
        jar("one.jar", Map.of("a/A.java", "class A {}\n", "a/notes.txt", "not Java", "META-INF/MANIFEST.MF", "x"));
        jar("two.jar", Map.of("a/A.java", "class A { int b; }"));
        Files.writeString(folder.resolve("three.txt"), "no jar");
        assertEquals(Map.of("one.jar!a/A.java", "class A {}\n", "two.jar!a/A.java", "class A { int b; }\n"),
                SourceJarCorpus.read(folder).stream().collect(Collectors.toMap(Document::source, Document::text)));
    }

    @Test
    void theOrderMixesLibrariesAndStaysTheSame() throws IOException {
        jar("one.jar", files(40));
        jar("two.jar", files(40));
        List<String> sources = SourceJarCorpus.read(folder).stream().map(Document::source).toList();
        assertEquals(80, sources.size());
        long changes = IntStream.range(1, 80).filter(i -> sources.get(i).charAt(0) != sources.get(i - 1).charAt(0)).count();
        assertTrue(changes > 20, changes + " changes from one library to the other");
        assertNotEquals(sources.stream().sorted().toList(), sources);
        Files.delete(folder.resolve("one.jar"));
        jar("one.jar", files(40));
        assertEquals(sources, SourceJarCorpus.read(folder).stream().map(Document::source).toList());
    }

    @Test
    void aboutOneDocumentInTwentyIsHeldOut() {
        long heldOut = IntStream.range(0, 10_000).filter(i -> SourceJarCorpus.isHeldOut(new Document("lib.jar!p/C" + i + ".java", ""))).count();
        assertEquals(500, heldOut, 100);
    }

    @Test
    void whatIsHeldOutDependsOnThePathAlone() {
        for (int i = 0; i < 100; i++) {
            String source = "lib.jar!p/C" + i + ".java";
            assertEquals(SourceJarCorpus.isHeldOut(new Document(source, "a")), SourceJarCorpus.isHeldOut(new Document(source, "b")));
        }
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
        assertEquals(unescape(rest), SourceJarCorpus.withoutLicence(unescape(text)));
    }

    @Test
    void aFolderWithoutJarsIsNamed() throws IOException {
        String told = "there are no -sources jars with Java files in " + folder + ": build the project again (mvn package)";
        assertEquals(told, assertThrows(InvalidInputException.class, () -> SourceJarCorpus.read(folder)).getMessage());
        jar("one.jar", Map.of("a/A.class", "x"));
        assertEquals(told, assertThrows(InvalidInputException.class, () -> SourceJarCorpus.read(folder)).getMessage());
        Path absent = folder.resolve("absent");
        assertTrue(assertThrows(InvalidInputException.class, () -> SourceJarCorpus.read(absent)).getMessage().contains(absent.toString()));
    }

    @Test
    void aDamagedJarIsNamed() throws IOException {
        Path jar = Files.writeString(folder.resolve("cut.jar"), "PK, and then the transfer broke");
        String message = assertThrows(InvalidInputException.class, () -> SourceJarCorpus.read(folder)).getMessage();
        assertTrue(message.startsWith(jar + " is not a jar that can be read ("), message);
    }

    private static String unescape(String text) {
        return text.replace("\\r", "\r").replace("\\n", "\n");
    }

    private static Map<String, String> files(int count) {
        return IntStream.range(0, count).boxed().collect(Collectors.toMap(i -> "p/C" + i + ".java", i -> "class C" + i + " {}"));
    }

    private void jar(String name, Map<String, String> files) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(folder.resolve(name)))) {
            for (Map.Entry<String, String> file : new TreeMap<>(files).entrySet()) {
                zip.putNextEntry(new ZipEntry(file.getKey()));
                zip.write(file.getValue().getBytes(StandardCharsets.UTF_8));
            }
        }
    }
}
