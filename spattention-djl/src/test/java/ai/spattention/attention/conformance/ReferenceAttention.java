package ai.spattention.attention.conformance;

import ai.spattention.pattern.HeadMask;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntToDoubleFunction;

/** Attention and its gradients in plain Java and double precision, one pair at a time. */
public final class ReferenceAttention {

    /** What weights are multiplied by, where a kernel's dropout is known pair by pair. */
    @FunctionalInterface
    public interface WeightFactors {

        /** Drops nothing. */
        WeightFactors NONE = (line, row, key) -> 1;

        /** The factor of a pair: line b H + h of [B H], row of the N queries, key of the M keys. */
        double of(int line, int row, int key);
    }

    public final double[] output;
    public final double[] queryGradient;
    public final double[] keyGradient;
    public final double[] valueGradient;

    /** Arrays are row-major: q and outputGradient [B, H, N, D], k and v [B, G, M, D], documents [B, M] or null. */
    public ReferenceAttention(int batch, int heads, int kvHeads, int n, int m, int d, double[] q, double[] k, double[] v,
            double[] outputGradient, List<HeadMask> masks, long[] documents, WeightFactors factors) {
        output = new double[q.length];
        queryGradient = new double[q.length];
        keyGradient = new double[k.length];
        valueGradient = new double[v.length];
        double scale = 1 / Math.sqrt(d);
        for (int b = 0; b < batch; b++) {
            for (int h = 0; h < heads; h++) {
                int g = h / (heads / kvHeads);
                for (int i = 0; i < n; i++) {
                    int line = b * heads + h;
                    int queryRow = i;
                    int row = ((b * heads + h) * n + i) * d;
                    int keys = (b * kvHeads + g) * m * d;
                    row(masks.get(h), documents == null ? null : Arrays.copyOfRange(documents, b * m, (b + 1) * m), i + m - n, m, d, row, keys,
                            scale, q, k, v, outputGradient, key -> factors.of(line, queryRow, key));
                }
            }
        }
    }

    private void row(HeadMask mask, long[] documents, int position, int m, int d, int row, int keys, double scale, double[] q, double[] k,
            double[] v, double[] outputGradient, IntToDoubleFunction factors) {
        double[] probability = new double[m];
        double largest = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < m; j++) {
            probability[j] = Double.NEGATIVE_INFINITY;
            if (mask.sees(position, j) && (documents == null || documents[position] == documents[j])) {
                probability[j] = scale * dot(q, row, k, keys + j * d, d);
                largest = Math.max(largest, probability[j]);
            }
        }
        if (largest == Double.NEGATIVE_INFINITY) {
            return; // a query that sees nothing gives 0
        }
        double sum = 0;
        for (int j = 0; j < m; j++) {
            probability[j] = Math.exp(probability[j] - largest);
            sum += probability[j];
        }
        double weighted = 0;
        double[] gradient = new double[m];
        for (int j = 0; j < m; j++) {
            probability[j] /= sum;
            double factor = probability[j] == 0 ? 1 : factors.applyAsDouble(j);
            gradient[j] = factor * dot(outputGradient, row, v, keys + j * d, d);
            weighted += probability[j] * gradient[j];
            for (int x = 0; x < d; x++) {
                output[row + x] += factor * probability[j] * v[keys + j * d + x];
                valueGradient[keys + j * d + x] += factor * probability[j] * outputGradient[row + x];
            }
        }
        for (int j = 0; j < m; j++) {
            double score = scale * probability[j] * (gradient[j] - weighted);
            for (int x = 0; x < d; x++) {
                queryGradient[row + x] += score * k[keys + j * d + x];
                keyGradient[keys + j * d + x] += score * q[row + x];
            }
        }
    }

    private static double dot(double[] a, int atA, double[] b, int atB, int size) {
        double sum = 0;
        for (int i = 0; i < size; i++) {
            sum += a[atA + i] * b[atB + i];
        }
        return sum;
    }
}
