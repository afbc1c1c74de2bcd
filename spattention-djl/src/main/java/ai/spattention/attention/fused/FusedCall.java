package ai.spattention.attention.fused;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.spattention.attention.AttentionDropout;
import ai.spattention.attention.AttentionShape;
import ai.spattention.common.InvalidInputException;
import ai.spattention.cuda.TensorView;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.plan.ArrayLaunches;
import ai.spattention.plan.Tensor;
import ai.spattention.torch.TorchScriptModule;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * One call of {@link BandedAttention} on DJL's arrays: they are read as they lie, or copied where no kernel can, and heads are filled up
 * with zeros to a head dimension that there is code for.
 */
final class FusedCall {

    /** The axes of [B, heads, rows, D] in memory: joining heads after attention then copies nothing. */
    private static final int[] ROWS_FIRST = {0, 2, 1, 3};

    private final ArrayLaunches launches;
    private final AttentionShape shape;
    private final Type type;
    private final int headDim;
    private final BandedAttention attention;
    private final List<Operand> operands = new ArrayList<>();

    /** An array to be read, and whether kernels can. */
    private record Operand(String name, NDArray array, boolean suits) {}

    /** Bound when first used, so that the class loads where there is no engine. */
    private static final class Operators {
        static final TorchScriptModule MODULE = TorchScriptModule.load(FusedCall.class, "fused.torchscript");
    }

    /**
     * Begins a call.
     *
     * @param launches begun over the queries, keys and values
     * @param shape the call's sizes
     * @param heads the head table, [H, 8], int32, on the launches' device
     * @param reach what of it decides which code computes it
     * @param documents [B, M], int64, or null for one document
     * @param dropout which attention weights are dropped
     * @param queries [B, H, N, D]
     */
    FusedCall(ArrayLaunches launches, AttentionShape shape, NDArray heads, HeadReach reach, NDArray documents, AttentionDropout dropout,
            NDArray queries) {
        this.launches = launches;
        this.shape = shape;
        type = TorchTensors.view(queries).type();
        headDim = FusedCode.filledUp(shape.headDim());
        attention = new BandedAttention(launches, new BandedAttention.Sight(launches.in("head table", heads), reach,
                documents == null ? null : launches.dense("documents", documents)), shape.headDim(), dropout);
    }

    /** The result [B, H, N, D] and the logarithms of the rows' sums. */
    NDList forward(NDArray queries, NDArray keys, NDArray values) {
        read("queries", queries);
        read("keys", keys);
        read("values", values);
        List<Tensor> read = readable();
        Tensor out = rows("result", shape.queryLength());
        Tensor logSums = launches.array("logarithms of sums", Type.FLOAT32, lines());
        attention.findDocuments();
        attention.forward(new BandedAttention.Forward(read.get(0), read.get(1), read.get(2), out, logSums));
        if (!isFilledUp()) {
            return launches.ret(out, logSums);
        }
        NDArray cut = Operators.MODULE.call("cut", launches.array(out), queries).singletonOrThrow();
        return launches.ret(new NDList(cut, launches.array(logSums)));
    }

    /** The gradients of queries, keys and values, in their shapes and types. */
    NDList backward(NDArray queries, NDArray keys, NDArray values, NDList forward, NDArray gradient) {
        read("queries", queries);
        read("keys", keys);
        read("values", values);
        read("gradient", gradient);
        readRowsFirst("result", forward.get(0));
        List<Tensor> read = readable();
        Tensor logSums = launches.in("logarithms of sums", forward.get(1));
        Tensor queryGradient = rows("gradient of queries", shape.queryLength());
        Tensor keyGradient = rows("gradient of keys", shape.keyLength());
        Tensor valueGradient = rows("gradient of values", shape.keyLength());
        attention.findDocuments();
        attention.backward(new BandedAttention.Forward(read.get(0), read.get(1), read.get(2), read.get(4), logSums), read.get(3),
                queryGradient, keyGradient, valueGradient);
        if (!isFilledUp() && shape.group() == 1) {
            return launches.ret(queryGradient, keyGradient, valueGradient);
        }
        return launches.ret(Operators.MODULE.call("gradients", launches.array(queryGradient), launches.array(keyGradient),
                launches.array(valueGradient), queries, keys));
    }

    private boolean isFilledUp() {
        return shape.headDim() < headDim;
    }

    /** Notes an array that kernels read through its strides. */
    private void read(String name, NDArray array) {
        TensorView view = TorchTensors.view(array);
        note(name, array, view, view.isAligned());
    }

    /** Notes an array that must lie as [B, rows, heads, D]. */
    private void readRowsFirst(String name, NDArray array) {
        TensorView view = TorchTensors.view(array);
        note(name, array, view, view.isAligned() && view.isDense(ROWS_FIRST));
    }

    private void note(String name, NDArray array, TensorView view, boolean suits) {
        if (view.type() != type) {
            throw new InvalidInputException("the fused kernel takes arrays of one type: " + name + " is " + view.type()
                    + ", the queries are " + type);
        }
        operands.add(new Operand(name, array, suits && !isFilledUp()));
    }

    /** The arrays that were noted, or copies, made together. */
    private List<Tensor> readable() {
        NDList unsuited = new NDList(operands.stream().filter(each -> !each.suits).map(Operand::array).toList());
        Iterator<NDArray> copies = unsuited.isEmpty() ? unsuited.iterator()
                : launches.own(Operators.MODULE.call("laid_out", unsuited)).iterator();
        return operands.stream().map(each -> launches.strided(each.name, each.suits ? each.array : copies.next())).toList();
    }

    /** A result [B, H, rows, D] in [B, rows, H, D] memory. */
    private Tensor rows(String name, int rows) {
        return launches.array(name, type, new long[] {shape.batch(), shape.numHeads(), rows, headDim}, ROWS_FIRST);
    }

    private long[] lines() {
        return BandedAttention.lines(shape.batch(), shape.numHeads(), shape.queryLength());
    }
}
