package ai.spattention.olmoe.tokenizer;

import ai.spattention.common.InvalidInputException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.OptionalInt;

/** The bytes of UTF-8 as ids 0 to 255, and 256 for the end of a document. No special text, nothing to learn, no file. */
public final class ByteTokenizer implements Tokenizer {

    /** The id that ends a document. */
    public static final int EOS = 256;

    private static final String EOS_TEXT = "<|endoftext|>";
    private static final String JSON = json();

    @Override
    public String name() {
        return "bytes";
    }

    @Override
    public int vocabSize() {
        return 257;
    }

    @Override
    public OptionalInt eosId() {
        return OptionalInt.of(EOS);
    }

    @Override
    public int[] encode(String text) {
        return encodeOrdinary(text);
    }

    @Override
    public int[] encodeOrdinary(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int[] ids = new int[bytes.length];
        Arrays.setAll(ids, i -> bytes[i] & 0xFF);
        return ids;
    }

    /** {@inheritDoc} Bytes that form no character become U+FFFD. */
    @Override
    public String decode(int[] ids) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(ids.length);
        for (int id : ids) {
            if (id < 0 || id > EOS) {
                throw new InvalidInputException("the byte tokenizer has ids 0 to 256 (got " + id + ")");
            }
            if (id != EOS) {
                bytes.write(id);
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Override
    public String toJson() {
        return JSON;
    }

    @Override
    public void close() {
        // holds nothing
    }

    /** The same as a byte-level BPE without merges, in the format of Hugging Face's tokenizers. */
    private static String json() {
        ObjectNode root = new ObjectMapper().createObjectNode();
        root.put("version", "1.0").putNull("truncation");
        root.putNull("padding");
        root.putArray("added_tokens").addObject().put("id", EOS).put("content", EOS_TEXT).put("single_word", false)
                .put("lstrip", false).put("rstrip", false).put("normalized", false).put("special", true);
        root.putNull("normalizer");
        root.putObject("pre_tokenizer").put("type", "ByteLevel").put("add_prefix_space", false)
                .put("trim_offsets", true).put("use_regex", false);
        root.putNull("post_processor");
        root.putObject("decoder").put("type", "ByteLevel").put("add_prefix_space", true).put("trim_offsets", true)
                .put("use_regex", true);
        ObjectNode model = root.putObject("model");
        model.put("type", "BPE").putNull("dropout");
        model.putNull("unk_token");
        model.putNull("continuing_subword_prefix");
        model.putNull("end_of_word_suffix");
        model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
        ObjectNode vocabulary = model.putObject("vocab");
        int spare = 256; // bytes without a printable form are named by the characters from U+0100 on
        for (int value = 0; value < 256; value++) {
            boolean printable = value >= '!' && value <= '~' || value >= 0xA1 && value <= 0xAC || value >= 0xAE;
            vocabulary.put(Character.toString(printable ? value : spare++), value);
        }
        model.putArray("merges");
        return root.toPrettyString() + "\n";
    }
}
