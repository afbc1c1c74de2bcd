package ai.spattention.olmoe.tokenizer;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import ai.djl.util.Utils;
import ai.spattention.common.InvalidInputException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A tokenizer of Hugging Face's library, read from its {@code tokenizer.json}. Nothing is cut or padded, whatever the file
 * says.
 *
 * <p>The library always turns the text of a special token into that token. For ordinary text a second tokenizer is made from
 * the same file with the special tokens taken out of the list of added tokens, or given a text that does not occur, so that
 * their text is split like any other; all other ids stay the same. Models that find a special token's text in their vocabulary
 * all the same (Unigram does) get that text in two parts.
 */
public final class HuggingFaceTokenizer implements Tokenizer {

    private final String name;
    private final String json;
    private final ai.djl.huggingface.tokenizers.HuggingFaceTokenizer tokenizer;
    private final ai.djl.huggingface.tokenizers.HuggingFaceTokenizer ordinary;
    private final int vocabSize;
    private final OptionalInt eosId;
    private final BitSet specialIds = new BitSet();
    private final Pattern specialTexts;

    private HuggingFaceTokenizer(TokenizerJson json, OptionalInt eosId) throws IOException {
        this.name = json.file().toString();
        this.json = json.text();
        this.eosId = eosId;
        vocabSize = json.vocabSize();
        tokenizer = load(json.text());
        ordinary = load(withoutSpecialTokens(json));
        specialTexts = findSpecials(json);
    }

    /**
     * Makes a tokenizer.
     *
     * @param json the content of a {@code tokenizer.json}
     * @param eosId the id that ends a document, if there is one
     * @return the tokenizer
     * @throws InvalidInputException if the library does not accept the text, or does not load
     */
    static HuggingFaceTokenizer of(TokenizerJson json, OptionalInt eosId) {
        requireLibrary();
        try {
            return new HuggingFaceTokenizer(json, eosId);
        } catch (IOException | RuntimeException e) {
            if (e instanceof InvalidInputException invalid) {
                throw invalid;
            }
            throw new InvalidInputException(json.file() + " is not a tokenizer.json that can be used: " + e.getMessage(), e);
        }
    }

    /** No file is to blame for a library that does not load. */
    private static void requireLibrary() {
        try {
            LibUtils.checkStatus();
        } catch (EngineException e) {
            throw new InvalidInputException("the library of Hugging Face's tokenizers does not load (" + rootMessage(e)
                    + "): it is unpacked into " + Utils.getCacheDir() + ", where files must be allowed to be written and run;"
                    + " DJL_CACHE_DIR names another folder", e);
        }
    }

    private static String rootMessage(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage();
    }

    private static ai.djl.huggingface.tokenizers.HuggingFaceTokenizer load(String json) throws IOException {
        Map<String, String> options = Map.of("truncation", "false", "padding", "false");
        return ai.djl.huggingface.tokenizers.HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), options);
    }

    private static String withoutSpecialTokens(TokenizerJson json) {
        ObjectNode copy = json.root().deepCopy();
        copy.putNull("post_processor"); // it may name special tokens, and only adds such
        if (copy.get("added_tokens") instanceof ArrayNode added) {
            Set<String> vocabulary = json.words().collect(Collectors.toSet());
            for (Iterator<JsonNode> tokens = added.elements(); tokens.hasNext();) {
                JsonNode token = tokens.next();
                if (!token.path("special").asBoolean()) {
                    continue;
                }
                if (vocabulary.contains(token.path("content").asText())) {
                    tokens.remove();
                } else { // the library numbers such tokens in their order: the place must stay, with a text that no text holds
                    ((ObjectNode) token).put("content", "\uFDD0 special " + token.path("id").asText() + " \uFDD1");
                }
            }
        }
        return copy.toString();
    }

    /** Notes the ids that ordinary text must not get, and gives the pattern of their texts. */
    private Pattern findSpecials(TokenizerJson json) {
        List<String> texts = new ArrayList<>();
        for (JsonNode added : json.added()) {
            String text = added.path("content").asText();
            int id = added.path("id").asInt();
            if (added.path("special").asBoolean() && !text.isEmpty() && !isUnknown(json.root().path("model"), text, id)) {
                specialIds.set(id);
                texts.add(text);
            }
        }
        return Pattern.compile(texts.stream().sorted(Comparator.comparingInt(String::length).reversed())
                .map(Pattern::quote).collect(Collectors.joining("|")));
    }

    /** The model itself gives this id to what it does not know. */
    private static boolean isUnknown(JsonNode model, String text, int id) {
        return text.equals(model.path("unk_token").asText(null)) || id == model.path("unk_id").asInt(-1);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int vocabSize() {
        return vocabSize;
    }

    @Override
    public OptionalInt eosId() {
        return eosId;
    }

    @Override
    public int[] encode(String text) {
        return usable(() -> ids(tokenizer.encode(text)));
    }

    @Override
    public int[] encodeBare(String text) {
        return usable(() -> ids(tokenizer.encode(text, false, false)));
    }

    @Override
    public int[] encodeOrdinary(String text) {
        int[] ids = ordinaryIds(text);
        return holdsSpecial(ids) ? encodeInParts(text) : ids;
    }

    /** Takes nothing but the ids from the library: the rest of DJL's encoding costs half as much time again. */
    private int[] ordinaryIds(String text) {
        return usable(() -> {
            long encoding = TokenizersLibrary.LIB.encode(ordinary.getHandle(), text, false);
            try {
                return toInts(TokenizersLibrary.LIB.getTokenIds(encoding));
            } finally {
                TokenizersLibrary.LIB.deleteEncoding(encoding);
            }
        });
    }

    /** The library sees some faults of a file, such as an unknown token that its vocabulary lacks, only when it needs them. */
    private <T> T usable(Supplier<T> call) {
        try {
            return call.get();
        } catch (RuntimeException e) {
            throw new InvalidInputException("tokenizer " + name + " fails on this text (" + e.getMessage()
                    + "): its file contradicts itself, choose another", e);
        }
    }

    private boolean holdsSpecial(int[] ids) {
        if (!specialIds.isEmpty()) {
            for (int id : ids) {
                if (specialIds.get(id)) {
                    return true;
                }
            }
        }
        return false;
    }

    private int[] encodeInParts(String text) {
        List<int[]> parts = new ArrayList<>();
        int from = 0;
        for (Matcher special = specialTexts.matcher(text); special.find();) {
            int inside = text.offsetByCodePoints(special.start(), 1);
            parts.add(ordinaryIds(text.substring(from, inside)));
            from = inside;
        }
        parts.add(ordinaryIds(text.substring(from)));
        int[] ids = parts.stream().flatMapToInt(Arrays::stream).toArray();
        if (holdsSpecial(ids)) {
            throw new InvalidInputException("tokenizer " + name + " makes a special token of ordinary text, which would end"
                    + " documents in their middle: choose a tokenizer whose special tokens are no words of its model");
        }
        return ids;
    }

    private int[] ids(Encoding encoding) {
        return toInts(encoding.getIds());
    }

    /** Where a file gives an added token an id that is not next, the library silently gives it another. */
    private int[] toInts(long[] ids) {
        int[] result = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] >= vocabSize) {
                throw new IllegalStateException("it gives the id " + ids[i] + ", its vocabulary has " + vocabSize);
            }
            result[i] = (int) ids[i];
        }
        return result;
    }

    @Override
    public String decode(int[] ids) {
        return usable(() -> tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), true));
    }

    @Override
    public String toJson() {
        return json;
    }

    @Override
    public void close() {
        tokenizer.close();
        ordinary.close();
    }
}
