package ai.spattention.train.data;

import ai.spattention.olmoe.tokenizer.Tokenizer;
import java.util.OptionalInt;

/** A character's id is its code plus an offset; as large a vocabulary as a test likes, with or without an EOS id. */
record FakeTokenizer(int vocabSize, int offset, OptionalInt eosId) implements Tokenizer {

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public int[] encode(String text) {
        throw new AssertionError("training data are ordinary text");
    }

    @Override
    public int[] encodeOrdinary(String text) {
        return text.chars().map(code -> code + offset).toArray();
    }

    @Override
    public String decode(int[] ids) {
        throw new AssertionError("nothing to decode");
    }

    @Override
    public String toJson() {
        return "{}";
    }

    @Override
    public void close() {
        // holds nothing
    }
}
