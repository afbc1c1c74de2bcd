package ai.spattention.eval.metric;

/** Scores of texts as a whole, from sums over all of them; no standard errors are defined. */
public final class TextMetrics {

    private double logLikelihood;
    private long tokens;
    private long words;
    private long bytes;

    /**
     * Adds a text.
     *
     * @param textLogLikelihood its log-likelihood, in nats
     * @param textTokens its tokens
     * @param textWords its words
     * @param textBytes its bytes in UTF-8
     */
    public void add(double textLogLikelihood, long textTokens, long textWords, long textBytes) {
        logLikelihood += textLogLikelihood;
        tokens += textTokens;
        words += textWords;
        bytes += textBytes;
    }

    /**
     * The number of tokens so far.
     *
     * @return tokens
     */
    public long tokens() {
        return tokens;
    }

    /**
     * A metric.
     *
     * @param metric one of those for texts
     * @return its value
     */
    public Statistic of(MetricName metric) {
        return new Statistic(switch (metric) {
            case WORD_PERPLEXITY -> Math.exp(-logLikelihood / words);
            case BYTE_PERPLEXITY -> Math.exp(-logLikelihood / bytes);
            case BITS_PER_BYTE -> -logLikelihood / bytes / Math.log(2);
            case LOSS -> -logLikelihood / tokens;
            case TOKEN_PERPLEXITY -> Math.exp(-logLikelihood / tokens);
            default -> throw new IllegalArgumentException(metric.key() + " is not computed from whole texts");
        }, null);
    }
}
