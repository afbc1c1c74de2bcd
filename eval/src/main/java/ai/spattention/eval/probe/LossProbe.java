package ai.spattention.eval.probe;

import ai.spattention.eval.measure.Bin;
import java.util.List;

/** The loss of all tokens in one bin. */
final class LossProbe implements WindowProbe {

    private final BinSums sums;

    LossProbe(int length) {
        sums = new BinSums(List.of(new BinSums.Range("all", 0, length)));
    }

    @Override
    public void add(TokenWindow window, float[] losses) {
        for (float loss : losses) {
            sums.add(0, loss);
        }
        sums.endWindow();
    }

    List<Bin> bins() {
        return sums.bins();
    }

    /** Bits a byte in place of nats a token, given how many bytes a token has in the mean. */
    List<Bin> bitsPerByte(double bytesPerToken) {
        return sums.bins(1 / (bytesPerToken * Math.log(2)));
    }
}
