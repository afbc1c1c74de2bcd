package ai.spattention.olmoe.model;

import ai.djl.nn.Parameter;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.pattern.AttentionPattern;
import java.util.Arrays;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * OLMoE in plain Java and double precision, one position after another, written from the definitions: slow, and sharing
 * nothing with the model but its parameters.
 */
final class ReferenceOlmoe {

    private final OlmoeModel model;
    private final OlmoeConfig config;
    private final Map<Parameter, double[]> values = new IdentityHashMap<>();

    /** What the router losses need, over all layers' tokens. */
    private double[] probabilitySums;
    private double[] choices;
    private double squares;
    private int routed;

    /** Takes a copy of the model's parameters. */
    ReferenceOlmoe(OlmoeModel model) {
        this.model = model;
        config = model.getConfig();
        for (Parameter parameter : model.getParameters().values()) {
            values.put(parameter, parameter.getArray().toDoubleArray());
        }
    }

    /** A parameter's values; changing them changes the model. */
    double[] values(Parameter parameter) {
        return values.get(parameter);
    }

    /** The loss of predicting token t + 1, with the weighted router losses. */
    double loss(int[][] inputIds, double loadBalancingWeight, double routerZWeight) {
        double[][][] logits = logits(inputIds);
        double sum = 0;
        int count = 0;
        for (int b = 0; b < inputIds.length; b++) {
            for (int i = 0; i + 1 < inputIds[b].length; i++) {
                sum += logSumExp(logits[b][i]) - logits[b][i][inputIds[b][i + 1]];
                count++;
            }
        }
        double balance = 0;
        for (int expert = 0; expert < config.numExperts(); expert++) {
            balance += config.numExperts() * choices[expert] / routed * probabilitySums[expert] / routed;
        }
        return sum / count + loadBalancingWeight * balance + routerZWeight * squares / routed;
    }

    /** The logits of a batch, [B][N][V]. */
    double[][][] logits(int[][] inputIds) {
        probabilitySums = new double[config.numExperts()];
        choices = new double[config.numExperts()];
        squares = 0;
        routed = 0;
        return Arrays.stream(inputIds).map(this::sequence).toArray(double[][][]::new);
    }

    private double[][] sequence(int[] ids) {
        int size = config.hiddenSize();
        double[] embedding = values.get(model.getEmbedding().getWeight());
        double[][] hidden = new double[ids.length][];
        for (int i = 0; i < ids.length; i++) {
            hidden[i] = Arrays.copyOfRange(embedding, ids[i] * size, (ids[i] + 1) * size);
        }
        for (int number = 0; number < config.numHiddenLayers(); number++) {
            DecoderLayer layer = model.getLayers().get(number);
            double[][] attended = attention(layer, config.patterns().of(number), normAll(hidden, layer.getAttentionNorm().getWeight()));
            for (int i = 0; i < ids.length; i++) {
                hidden[i] = sum(hidden[i], attended[i]);
            }
            for (int i = 0; i < ids.length; i++) {
                hidden[i] = sum(hidden[i], experts(layer, norm(hidden[i], layer.getExpertsNorm().getWeight())));
            }
        }
        double[][] logits = new double[ids.length][];
        for (int i = 0; i < ids.length; i++) {
            logits[i] = product(model.getOutputWeight(), norm(hidden[i], model.getFinalNorm().getWeight()), null);
        }
        return logits;
    }

    private double[][] attention(DecoderLayer layer, AttentionPattern pattern, double[][] x) {
        int length = x.length;
        int heads = config.numAttentionHeads();
        int dim = config.headDim();
        var block = layer.getAttention();
        double[][] q = new double[length][];
        double[][] k = new double[length][];
        double[][] v = new double[length][];
        for (int i = 0; i < length; i++) {
            q[i] = norm(project(block.getQueryProjection(), x[i]), block.getQueryNorm().getWeight());
            k[i] = norm(project(block.getKeyProjection(), x[i]), block.getKeyNorm().getWeight());
            v[i] = project(block.getValueProjection(), x[i]);
            for (double[] row : List.of(q[i], k[i], v[i])) {
                if (config.clipQkv() != null) {
                    for (int d = 0; d < row.length; d++) {
                        row[d] = Math.max(-config.clipQkv(), Math.min(config.clipQkv(), row[d]));
                    }
                }
            }
            rotate(q[i], i);
            rotate(k[i], i);
        }
        int layout = config.layoutLength().resolve(length);
        double[][] result = new double[length][];
        for (int i = 0; i < length; i++) {
            double[] joined = new double[heads * dim];
            for (int h = 0; h < heads; h++) {
                var mask = pattern.headMask(h, heads, layout);
                int shared = h / (heads / config.numKeyValueHeads()) * dim;
                double total = 0;
                double[] weights = new double[i + 1];
                for (int j = 0; j <= i; j++) {
                    if (mask.sees(i, j)) {
                        double score = 0;
                        for (int d = 0; d < dim; d++) {
                            score += q[i][h * dim + d] * k[j][shared + d];
                        }
                        weights[j] = Math.exp(score / Math.sqrt(dim));
                        total += weights[j];
                    }
                }
                for (int j = 0; j <= i && total > 0; j++) {
                    for (int d = 0; d < dim; d++) {
                        joined[h * dim + d] += weights[j] / total * v[j][shared + d];
                    }
                }
            }
            result[i] = project(block.getOutputProjection(), joined);
        }
        return result;
    }

    private void rotate(double[] row, int position) {
        int dim = config.headDim();
        for (int head = 0; head < row.length / dim; head++) {
            for (int i = 0; i < dim / 2; i++) {
                double angle = position * Math.pow(config.ropeTheta(), -2.0 * i / dim);
                int first = head * dim + i;
                double a = row[first];
                double b = row[first + dim / 2];
                row[first] = a * Math.cos(angle) - b * Math.sin(angle);
                row[first + dim / 2] = b * Math.cos(angle) + a * Math.sin(angle);
            }
        }
    }

    private double[] experts(DecoderLayer layer, double[] x) {
        double[] logits = product(layer.getExperts().getRouter().getWeight(), x, null);
        double total = logSumExp(logits);
        double[] probabilities = Arrays.stream(logits).map(logit -> Math.exp(logit - total)).toArray();
        int[] chosen = IntStream.range(0, logits.length).boxed()
                .sorted(Comparator.comparingDouble(expert -> -probabilities[expert]))
                .limit(config.numExpertsPerTok()).mapToInt(expert -> expert).toArray();
        double scale = config.normTopkProb() ? Arrays.stream(chosen).mapToDouble(e -> probabilities[e]).sum() : 1;
        double[] result = new double[x.length];
        for (int expert : chosen) {
            double[] output = expert(layer, expert, x);
            for (int d = 0; d < x.length; d++) {
                result[d] += probabilities[expert] / scale * output[d];
            }
            choices[expert]++;
        }
        for (int expert = 0; expert < logits.length; expert++) {
            probabilitySums[expert] += probabilities[expert];
        }
        squares += total * total;
        routed++;
        return result;
    }

    private double[] expert(DecoderLayer layer, int expert, double[] x) {
        int width = config.intermediateSize();
        double[] gateUp = values.get(layer.getExperts().getExperts().getGateUpProjection());
        double[] down = values.get(layer.getExperts().getExperts().getDownProjection());
        double[] result = new double[x.length];
        for (int i = 0; i < width; i++) {
            double gate = 0;
            double up = 0;
            for (int d = 0; d < x.length; d++) {
                gate += gateUp[(expert * 2 * width + i) * x.length + d] * x[d];
                up += gateUp[(expert * 2 * width + width + i) * x.length + d] * x[d];
            }
            double inner = gate / (1 + Math.exp(-gate)) * up;
            for (int d = 0; d < x.length; d++) {
                result[d] += down[(expert * x.length + d) * width + i] * inner;
            }
        }
        return result;
    }

    private double[] project(ai.djl.nn.core.Linear projection, double[] x) {
        return product(projection.getDirectParameters().get("weight"), x,
                config.attentionBias() ? projection.getDirectParameters().get("bias") : null);
    }

    private double[] product(Parameter weight, double[] x, Parameter bias) {
        double[] matrix = values.get(weight);
        double[] result = bias == null ? new double[matrix.length / x.length] : values.get(bias).clone();
        for (int row = 0; row < result.length; row++) {
            for (int d = 0; d < x.length; d++) {
                result[row] += matrix[row * x.length + d] * x[d];
            }
        }
        return result;
    }

    private double[][] normAll(double[][] x, Parameter weight) {
        return Arrays.stream(x).map(row -> norm(row, weight)).toArray(double[][]::new);
    }

    private double[] norm(double[] x, Parameter weight) {
        double root = Math.sqrt(Arrays.stream(x).map(value -> value * value).sum() / x.length + config.rmsNormEps());
        double[] scale = values.get(weight);
        return IntStream.range(0, x.length).mapToDouble(d -> x[d] / root * scale[d]).toArray();
    }

    private static double[] sum(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(d -> a[d] + b[d]).toArray();
    }

    private static double logSumExp(double[] logits) {
        double largest = Arrays.stream(logits).max().orElseThrow();
        return largest + Math.log(Arrays.stream(logits).map(logit -> Math.exp(logit - largest)).sum());
    }
}
