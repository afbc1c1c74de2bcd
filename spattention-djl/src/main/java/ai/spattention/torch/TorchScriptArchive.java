package ai.spattention.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Builds the archive that libtorch loads as a module: an uncompressed zip with the class's source text and one pickled
 * instance of it. The methods are written as Python functions whose first parameter is {@code self}; the class around
 * them is added here.
 */
final class TorchScriptArchive {

    private static final String CLASS = "Operators";
    private static final String HEADER = "class " + CLASS + "(Module):\n"
            + "  __parameters__ = []\n  __buffers__ = []\n"
            + "  training : bool\n  _is_full_backward_hook : Optional[bool]\n";

    private TorchScriptArchive() {}

    /**
     * Builds an archive.
     *
     * @param methods the methods, each starting in column one
     * @return the archive's bytes
     */
    static byte[] of(String methods) {
        StringBuilder source = new StringBuilder(HEADER);
        methods.lines().forEach(line -> source.append(line.isBlank() ? "" : "  ").append(line).append('\n'));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            store(zip, "data.pkl", instance());
            store(zip, "code/__torch__.py", source.toString().getBytes(StandardCharsets.UTF_8));
            store(zip, "constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'}); // an empty tuple
            store(zip, "version", "3\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException("an archive in memory cannot fail to be written", e);
        }
        return bytes.toByteArray();
    }

    /** The pickle, protocol 2, of an instance with the two attributes that every module declares. */
    private static byte[] instance() {
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        pickle.writeBytes(new byte[] {(byte) 0x80, 2});
        pickle.writeBytes(("c__torch__\n" + CLASS + "\n").getBytes(StandardCharsets.US_ASCII)); // GLOBAL
        pickle.writeBytes(new byte[] {')', (byte) 0x81, '}', '('}); // EMPTY_TUPLE NEWOBJ EMPTY_DICT MARK
        string(pickle, "training");
        pickle.write(0x88); // True
        string(pickle, "_is_full_backward_hook");
        pickle.write('N'); // None
        pickle.writeBytes(new byte[] {'u', 'b', '.'}); // SETITEMS BUILD STOP
        return pickle.toByteArray();
    }

    private static void string(ByteArrayOutputStream pickle, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        pickle.write('X'); // BINUNICODE, little-endian length
        pickle.writeBytes(new byte[] {(byte) utf8.length, 0, 0, 0});
        pickle.writeBytes(utf8);
    }

    private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry("operators/" + name);
        entry.setMethod(ZipEntry.STORED); // libtorch reads nothing compressed
        entry.setSize(content.length);
        CRC32 crc = new CRC32();
        crc.update(content);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(content);
        zip.closeEntry();
    }
}
