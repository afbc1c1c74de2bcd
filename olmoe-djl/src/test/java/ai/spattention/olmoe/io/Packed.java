package ai.spattention.olmoe.io;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.GZIPOutputStream;

/** Texts packed as the endings of names say, each in a member or frame of its own. */
public final class Packed {

    private Packed() {}

    /** Packs by a name's ending. */
    public static byte[] as(String name, List<String> texts) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (String text : texts) {
            ByteArrayOutputStream part = new ByteArrayOutputStream();
            try (OutputStream out = name.endsWith(".gz") ? new GZIPOutputStream(part)
                    : name.endsWith(".zst") ? new ZstdOutputStream(part).setChecksum(true) : part) {
                out.write(text.getBytes(StandardCharsets.UTF_8));
            }
            part.writeTo(bytes);
        }
        return bytes.toByteArray();
    }

    /** Puts bytes together. */
    public static byte[] join(byte[]... parts) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            bytes.writeBytes(part);
        }
        return bytes.toByteArray();
    }
}
