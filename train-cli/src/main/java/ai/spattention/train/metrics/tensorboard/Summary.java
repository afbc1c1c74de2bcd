package ai.spattention.train.metrics.tensorboard;

/** Named values of one step: TensorFlow's {@code Summary} message. */
public final class Summary {

    private static final int DT_STRING = 7;
    private static final int DATA_CLASS_TENSOR = 2;

    private final ProtoMessage message = new ProtoMessage();

    /**
     * Adds a point of a curve.
     *
     * @param tag the curve's name; what precedes a slash groups curves
     * @param value the value, kept as a float32; may be NaN
     * @return this summary
     */
    public Summary scalar(String tag, double value) {
        return value(new ProtoMessage().text(1, tag).float32(2, (float) value));
    }

    /**
     * Adds a histogram of the whole numbers 0 to n - 1: the bar of i reaches from i to i + 1.
     *
     * @param tag the histogram's name
     * @param heights the n bars' heights, at least 0
     * @return this summary
     */
    public Summary bars(String tag, double... heights) {
        double[] ends = new double[heights.length];
        double total = 0;
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < heights.length; i++) {
            double middle = i + 0.5;
            ends[i] = i + 1;
            total += heights[i];
            sum += heights[i] * middle;
            squares += heights[i] * middle * middle;
        }
        ProtoMessage histogram = new ProtoMessage().float64(1, 0).float64(2, heights.length).float64(3, total)
                .float64(4, sum).float64(5, squares).float64s(6, ends).float64s(7, heights);
        return value(new ProtoMessage().text(1, tag).message(5, histogram));
    }

    /**
     * Adds a text.
     *
     * @param tag the text's name
     * @param markdown the text; TensorBoard shows it as Markdown
     * @return this summary
     */
    public Summary text(String tag, String markdown) {
        ProtoMessage shape = new ProtoMessage().message(2, new ProtoMessage().varint(1, 1)); // a vector of one
        ProtoMessage tensor = new ProtoMessage().varint(1, DT_STRING).message(2, shape).text(8, markdown);
        ProtoMessage metadata = new ProtoMessage().message(1, new ProtoMessage().text(1, "text"))
                .varint(4, DATA_CLASS_TENSOR);
        return value(new ProtoMessage().text(1, tag).message(8, tensor).message(9, metadata));
    }

    private Summary value(ProtoMessage value) {
        message.message(1, value);
        return this;
    }

    ProtoMessage message() {
        return message;
    }
}
