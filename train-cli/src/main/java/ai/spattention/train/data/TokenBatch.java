package ai.spattention.train.data;

/**
 * A batch of sequences.
 *
 * @param size B
 * @param length N
 * @param inputs B · N ids, row by row
 * @param targets for each input the id that follows it
 */
public record TokenBatch(int size, int length, long[] inputs, long[] targets) {

    static TokenBatch of(long[][] sequences) {
        int length = sequences[0].length - 1;
        long[] inputs = new long[sequences.length * length];
        long[] targets = new long[inputs.length];
        for (int i = 0; i < sequences.length; i++) {
            System.arraycopy(sequences[i], 0, inputs, i * length, length);
            System.arraycopy(sequences[i], 1, targets, i * length, length);
        }
        return new TokenBatch(sequences.length, length, inputs, targets);
    }

    /**
     * The documents that are packed into the sequences.
     *
     * @param eosId the id that ends a document
     * @return for each input its document's number, from 0 on in each sequence
     */
    public long[] documents(int eosId) {
        long[] documents = new long[inputs.length];
        for (int i = 0; i < inputs.length; i++) {
            if (i % length != 0) {
                documents[i] = documents[i - 1] + (inputs[i - 1] == eosId ? 1 : 0);
            }
        }
        return documents;
    }
}
