package ai.spattention.train.data;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * The Java files of libraries' {@code -sources} jars, one document each. The licence comment at a file's head is left out: it
 * is the same in hundreds of files, and learning it by heart would flatter the loss.
 */
public final class SourceJarCorpus {

    /** About one file in twenty is held out. */
    private static final int HELD_OUT_OF = 20;

    private SourceJarCorpus() {}

    /**
     * Reads all jars of a folder.
     *
     * @param folder the folder
     * @return the documents, ordered by the hash of their paths, so that libraries mix
     * @throws InvalidInputException if the folder holds no jar with Java files, or a damaged one
     * @throws IOException if reading fails
     */
    public static List<Document> read(Path folder) throws IOException {
        List<Document> documents = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (var files = Files.list(folder)) {
                for (Path jar : files.filter(file -> file.toString().endsWith(".jar")).sorted().toList()) {
                    readJar(jar, documents);
                }
            }
        }
        if (documents.isEmpty()) {
            throw new InvalidInputException("there are no -sources jars with Java files in " + folder
                    + ": build the project again (mvn package)");
        }
        documents.sort(Comparator.comparingLong((Document document) -> hash(document.source()))
                .thenComparing(Document::source));
        return documents;
    }

    /**
     * Whether a document is held out for validation: by its path, so that it is held out in every run.
     *
     * @param document a document
     * @return true for about one in twenty
     */
    public static boolean isHeldOut(Document document) {
        return hash("held out? " + document.source()) % HELD_OUT_OF == 0;
    }

    private static void readJar(Path jar, List<Document> documents) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            for (ZipEntry entry : zip.stream().filter(file -> file.getName().endsWith(".java")).toList()) {
                try (InputStream in = zip.getInputStream(entry)) {
                    String text = withoutLicence(new String(in.readAllBytes(), StandardCharsets.UTF_8));
                    documents.add(new Document(jar.getFileName() + "!" + entry.getName(), text));
                }
            }
        } catch (ZipException e) {
            throw new InvalidInputException(jar + " is not a jar that can be read (" + e.getMessage()
                    + "): delete it and build the project again (mvn package)", e);
        }
    }

    static String withoutLicence(String text) {
        String stripped = text.strip();
        if (stripped.startsWith("/*") && !stripped.startsWith("/**")) {
            int end = stripped.indexOf("*/");
            if (end >= 0 && stripped.substring(0, end).toLowerCase(Locale.ROOT).contains("licen")) {
                stripped = stripped.substring(end + 2).strip();
            }
        }
        return stripped.replace("\r\n", "\n") + "\n";
    }

    private static long hash(String text) {
        CRC32 crc = new CRC32();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return crc.getValue();
    }
}
