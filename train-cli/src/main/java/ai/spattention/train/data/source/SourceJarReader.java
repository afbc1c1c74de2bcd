package ai.spattention.train.data.source;

import ai.spattention.InvalidInputException;
import ai.spattention.olmoe.io.ReadFailures;
import ai.spattention.olmoe.io.TextLines;
import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Iterator;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * The Java files of a library's {@code -sources} jar, one document each, by name. The licence comment at a file's head is left out: it
 * is the same in hundreds of files, and learning it by heart would flatter the loss.
 */
final class SourceJarReader implements PartReader {

    private final Path path;
    private final ZipFile zip;
    private final Iterator<? extends ZipEntry> files;
    private final Tokenizer tokenizer;
    private final long size;
    private DocumentParts document;
    private long number;
    private long bytesRead;

    private SourceJarReader(Path path, ZipFile zip, Tokenizer tokenizer) throws IOException {
        this.path = path;
        size = Files.size(path);
        this.zip = zip;
        this.tokenizer = tokenizer;
        files = zip.stream().filter(file -> file.getName().endsWith(".java")).sorted(Comparator.comparing(ZipEntry::getName)).iterator();
    }

    static SourceJarReader open(Path path, Tokenizer tokenizer) throws IOException {
        try {
            return new SourceJarReader(path, new ZipFile(path.toFile()), tokenizer);
        } catch (ZipException e) {
            throw damaged(path, e);
        } catch (IOException e) {
            throw ReadFailures.explain(path, e);
        }
    }

    private static InvalidInputException damaged(Path path, ZipException cause) {
        return new InvalidInputException(path + " is not a jar that can be read (" + cause.getMessage() + "): get it again, or leave it out", cause);
    }

    @Override
    public Optional<TextPart> next() throws IOException {
        while (true) {
            if (document != null) {
                Optional<TextPart> part = document.next();
                if (part.isPresent()) {
                    return part;
                }
                document = null;
            }
            if (!files.hasNext()) {
                return Optional.empty();
            }
            document = read(files.next());
        }
    }

    private DocumentParts read(ZipEntry file) throws IOException {
        String id = path.getFileName() + "!" + file.getName();
        number++;
        bytesRead += Math.max(0, file.getCompressedSize());
        try (InputStream in = zip.getInputStream(file)) {
            byte[] bytes = in.readNBytes(TextLines.LONGEST + 1);
            if (bytes.length > TextLines.LONGEST) {
                throw new InvalidInputException(path + ": " + file.getName() + " has more than " + TextLines.LONGEST
                        + " bytes, which is no Java file that a person wrote: leave the jar out");
            }
            String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
            return new DocumentParts(id, id, number, withoutLicence(text), tokenizer);
        } catch (CharacterCodingException e) {
            throw new InvalidInputException(path + ": " + file.getName() + " is not in UTF-8: leave the jar out", e);
        } catch (ZipException e) {
            throw damaged(path, e);
        } catch (IOException e) {
            throw ReadFailures.explain(path, e);
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

    @Override
    public long bytesRead() {
        return document != null || files.hasNext() ? Math.min(bytesRead, size) : size;
    }

    @Override
    public void close() throws IOException {
        zip.close();
    }
}
