///usr/bin/env jbang "$0" "$@" ; exit $?
//JAVA 17+
//DEPS ai.spattention:spattention-djl:0.2.0
//DEPS ai.djl.pytorch:pytorch-jni:2.7.1-0.36.0
//DEPS ai.djl.pytorch:pytorch-native-cpu:2.7.1:linux-x86_64
//DEPS org.slf4j:slf4j-nop:2.0.17

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.spattention.SpAttentionBlock;
import ai.spattention.pattern.StandardPattern;
import java.util.Locale;

/** Changes one token at a time, and prints which outputs notice: {@code jbang Reach.java PATTERN LENGTH}. */
public class Reach {
    public static void main(String[] args) {
        StandardPattern pattern = StandardPattern.valueOf(args.length > 0 ? args[0].toUpperCase(Locale.ROOT) : "LOCAL");
        int length = args.length > 1 ? Integer.parseInt(args[1]) : 12;
        SpAttentionBlock block = SpAttentionBlock.builder().setModelDim(8).setNumHeads(4).setPattern(pattern).build();
        try (NDManager manager = NDManager.newBaseManager()) {
            block.initialize(manager, DataType.FLOAT32, new Shape(1, length, 8));
            ParameterStore parameters = new ParameterStore(manager, false);
            NDArray text = manager.randomNormal(new Shape(1, length, 8));
            NDArray output = block.forward(parameters, new NDList(text), false).singletonOrThrow();
            for (int token = 0; token < length; token++) {
                NDArray other = text.duplicate();
                other.set(new NDIndex("0, {}", token), manager.randomNormal(new Shape(8)));
                NDArray changed = block.forward(parameters, new NDList(other), false).singletonOrThrow();
                boolean[] same = changed.sub(output).abs().max(new int[] {2}).lte(1e-6).flatten().toBooleanArray();
                StringBuilder line = new StringBuilder();
                for (boolean unmoved : same) {
                    line.append(unmoved ? '.' : '#');
                }
                System.out.println(line + "  who sees token " + token);
            }
        }
    }
}
