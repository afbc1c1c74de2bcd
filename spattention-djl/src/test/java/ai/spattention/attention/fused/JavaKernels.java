package ai.spattention.attention.fused;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.attention.AttentionDropout;
import ai.spattention.attention.RandomNumbers;
import ai.spattention.cuda.Grid;
import ai.spattention.cuda.KernelLibrary;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.plan.ComputedLaunches;
import ai.spattention.plan.Tensor;
import com.sun.jna.Pointer;
import java.util.Map;

/**
 * What the launches of banded attention compute, in plain Java, from the memory that they are given: addresses, strides and numbers are
 * used as the compiled kernels use them, so that wrong ones give wrong results.
 */
final class JavaKernels implements ComputedLaunches.Kernels {

    /** A launch's numbers and memory. */
    private static final class Launch {

        private final Map<String, Tensor> arrays;
        private final int heads;
        private final int group;
        private final int queries;
        private final int keys;
        private final int dim;
        private final boolean general;
        private final boolean documents;
        private final double log2Scale;
        private final double scale;
        private final Type type;
        private final AttentionDropout dropout;
        private final Map<String, Number> numbers;

        Launch(String name, Map<String, Tensor> arrays, Map<String, Number> numbers) {
            String[] parts = name.split("-");
            this.arrays = arrays;
            this.numbers = numbers;
            heads = numbers.get("H").intValue();
            queries = numbers.get("N").intValue();
            group = numbers.getOrDefault("group", 1).intValue();
            keys = numbers.getOrDefault("M", queries).intValue();
            log2Scale = numbers.getOrDefault("log2_scale", Float.NaN).floatValue();
            scale = numbers.getOrDefault("scale", Float.NaN).floatValue();
            general = !parts[1].startsWith("ranges") && !parts[1].equals("wide");
            documents = parts[1].endsWith("_documents");
            type = switch (parts[2]) {
                case "bf16" -> Type.BFLOAT16;
                case "fp16" -> Type.FLOAT16;
                default -> Type.FLOAT32;
            };
            dim = Integer.parseInt(parts[3].substring(1));
            dropout = parts[1].startsWith("dropout") ? new AttentionDropout(0.5f, numbers.get("seed").longValue()) : AttentionDropout.NONE;
        }

        private static double read(Type type, long address) {
            Pointer at = new Pointer(address);
            return switch (type) {
                case BFLOAT16 -> Float.intBitsToFloat(at.getShort(0) << 16);
                case FLOAT16 -> half(at.getShort(0));
                default -> at.getFloat(0);
            };
        }

        private static double half(short bits) {
            int exponent = bits >> 10 & 31;
            double fraction = (bits & 1023) / 1024.0;
            double size = exponent == 0 ? Math.scalb(fraction, -14) : Math.scalb(1 + fraction, exponent - 15);
            return bits < 0 ? -size : size;
        }

        private static void write(Type type, long address, double value) {
            Pointer at = new Pointer(address);
            switch (type) {
                case BFLOAT16 -> at.setShort(0, (short) (Float.floatToIntBits((float) value) + 0x8000 >> 16));
                case FLOAT16 -> at.setShort(0, toHalf(value));
                default -> at.setFloat(0, (float) value);
            }
        }

        private static short toHalf(double value) {
            double size = Math.abs(value);
            int exponent = Math.max(-14, size == 0 ? -14 : Math.getExponent(size));
            int bits = (int) Math.rint(Math.scalb(size, 10 - exponent)) + (exponent + 14 << 10);
            return (short) (value < 0 ? bits | 0x8000 : bits);
        }

        /** A number of an array that is read through its strides. */
        double strided(String name, int batch, int head, int row, int column) {
            Tensor array = arrays.get(name);
            assertEquals(type, array.type(), name);
            long[] s = array.strides();
            return read(type, array.address() + type.bytes() * (batch * s[0] + head * s[1] + row * s[2] + column * s[3]));
        }

        /** A number's address in memory of [B, rows, H, D]. */
        private long rowsFirst(String name, int batch, int head, int row, int rows, int column) {
            Tensor array = arrays.get(name);
            assertEquals(type, array.type(), name);
            return array.address() + type.bytes() * ((((long) batch * rows + row) * heads + head) * dim + column);
        }

        double result(String name, int batch, int head, int row, int column) {
            return read(type, rowsFirst(name, batch, head, row, queries, column));
        }

        void write(String name, int batch, int head, int row, int rows, double[] values) {
            for (int column = 0; column < dim; column++) {
                write(type, rowsFirst(name, batch, head, row, rows, column), values[column]);
            }
        }

        /** A number's address in lines of [B H, N up to a multiple of 4]. */
        long line(String name, int batch, int head, int row) {
            assertEquals(Type.FLOAT32, arrays.get(name).type(), name);
            return arrays.get(name).address() + 4L * ((batch * heads + head) * ((queries + 3) / 4 * 4) + row);
        }

        /** Which tile of 64 queries of all a row is in. */
        private long tile(int batch, int head, int row) {
            return (long) (batch * heads + head) * ((queries + 63) / 64) + row / 64;
        }

        /** The address of the number of programs that have added to a row's tile. */
        long turns(int batch, int head, int row) {
            assertEquals(Type.INT32, arrays.get("turns").type());
            return arrays.get("turns").address() + 4 * tile(batch, head, row);
        }

        /** The address of a sum: a tile's lie as the kernel's threads hold them. */
        long sum(int batch, int head, int row, int column) {
            assertEquals(Type.FLOAT32, arrays.get("sums").type());
            int inTile = row % 64;
            int thread = inTile / 16 * 32 + inTile % 8 * 4 + column % 8 / 2;
            int place = column / 8 * 512 + thread * 4 + inTile % 16 / 8 * 2 + column % 2;
            return arrays.get("sums").address() + 4 * (tile(batch, head, row) * 64 * dim + place);
        }

        /** A row of the queries' gradients from its sums. */
        double[] finished(int batch, int head, int row) {
            double[] gradient = new double[dim];
            boolean added = new Pointer(turns(batch, head, row)).getInt(0) > 0;
            for (int x = 0; added && x < dim; x++) {
                gradient[x] = new Pointer(sum(batch, head, row, x)).getFloat(0) * scale;
            }
            return gradient;
        }

        boolean sees(int batch, int head, int query, int key) {
            Pointer row = new Pointer(arrays.get("heads").address() + 4L * HeadTable.COLUMNS * head);
            int distance = query - key;
            boolean seen = distance >= row.getInt(0) && distance <= row.getInt(4) || distance >= row.getInt(8) && distance <= row.getInt(12);
            if (general) {
                seen |= distance >= 0 && key < row.getInt(16);
                seen |= distance >= 0 && distance % row.getInt(20) == 0 && distance / row.getInt(20) >= row.getInt(24);
            }
            if (documents) {
                long first = arrays.get("documents").address() + 8L * batch * keys;
                seen &= new Pointer(first).getLong(8L * query) == new Pointer(first).getLong(8L * key);
                Pointer spans = new Pointer(arrays.get("spans").address() + 16L * batch * keys);
                assertTrue(spans.getInt(4L * query) <= query && spans.getInt(4L * (keys + query)) > query, "documents were not found");
            }
            return seen;
        }

        /** A weight before dropout, by the row's kept sum. */
        double weight(int batch, int head, int row, int key) {
            double score = 0;
            for (int x = 0; x < dim; x++) {
                score += strided("q", batch, head, row, x) * strided("k", batch, head / group, key, x);
            }
            return Math.pow(2, score * log2Scale - new Pointer(line("lse", batch, head, row)).getFloat(0));
        }

        double factor(int batch, int head, int row, int key) {
            if (dropout.rate() == 0) {
                return 1;
            }
            int kept = numbers.get("kept").intValue();
            return RandomNumbers.of(dropout.seed(), batch * heads + head, row, key) < kept ? 65_536.0 / kept : 0;
        }

        /** The gradient of a weight before dropout. */
        double weightGradient(int batch, int head, int row, int key) {
            double sum = 0;
            for (int x = 0; x < dim; x++) {
                sum += strided("grad", batch, head, row, x) * strided("v", batch, head / group, key, x);
            }
            return sum * factor(batch, head, row, key);
        }
    }

    @Override
    public void run(String name, Map<String, Tensor> arrays, Map<String, Number> numbers, Grid grid) {
        arrays.forEach((parameter, array) -> assertEquals(0, array.address() % 16, parameter));
        if (name.startsWith("document_spans-")) {
            assertEquals(new Grid(1, 1, grid.z()), grid);
            findDocuments(arrays.get("documents").address(), arrays.get("spans").address(), numbers.get("M").intValue(), grid.z());
            return;
        }
        Launch launch = new Launch(name, arrays, numbers);
        KernelLibrary.Variant variant = BandedAttention.LIBRARY.variant(name);
        if (name.startsWith("delta_rows-") || name.startsWith("finish_queries-")) {
            assertEquals(new Grid(launch.heads, (launch.queries - 1) / variant.queries() + 1, grid.z()), grid, name);
            jointEnd(launch, name.startsWith("delta_rows-"), grid.z());
            return;
        }
        boolean byKeys = name.startsWith("backward_keys-") || name.startsWith("backward-");
        int tile = byKeys ? variant.keys() : variant.queries();
        int tiles = ((byKeys ? launch.keys : launch.queries) + tile - 1) / tile;
        int batches = (int) arrays.get("q").size(0);
        if (variant.persistent()) {
            Pointer taken = new Pointer(arrays.get("counter").address());
            assertEquals(0, taken.getInt(0), "no tile is taken yet");
            taken.setInt(0, launch.heads * tiles * batches);
            assertEquals(new Grid(Math.min(launch.heads * tiles * batches, ComputedLaunches.MULTIPROCESSORS), 1, 1), grid, name);
        } else {
            assertEquals(new Grid(launch.heads, tiles, batches), grid, name);
        }
        if (name.endsWith("sm_90a")) { // the accelerator takes what is outside an array for zeros: it must know where an array ends
            assertEquals(launch.queries, arrays.get("q").size(2));
            assertEquals(launch.keys, arrays.get("k").size(2));
        }
        for (int batch = 0; batch < batches; batch++) {
            for (int head = 0; head < launch.heads; head++) {
                if (byKeys) {
                    backwardKeys(launch, batch, head);
                    if (name.startsWith("backward-")) {
                        sumUp(launch, batch, head);
                    }
                } else if (name.startsWith("backward_queries-")) {
                    backwardQueries(launch, batch, head);
                } else {
                    forward(launch, batch, head);
                }
            }
        }
    }

    /** What runs before the kernel of all gradients, or after it. */
    private static void jointEnd(Launch launch, boolean before, int batches) {
        for (int batch = 0; batch < batches; batch++) {
            for (int head = 0; head < launch.heads; head++) {
                for (int row = 0; row < launch.queries; row++) {
                    if (before) {
                        delta(launch, batch, head, row);
                        new Pointer(launch.turns(batch, head, row)).setInt(0, 0);
                    } else {
                        launch.write("q_grad", batch, head, row, launch.queries, launch.finished(batch, head, row));
                    }
                }
            }
        }
    }

    private static void findDocuments(long documents, long spans, int length, int batches) {
        for (int batch = 0; batch < batches; batch++) {
            Pointer ids = new Pointer(documents + 8L * batch * length);
            Pointer out = new Pointer(spans + 16L * batch * length);
            for (int position = 0; position < length; position++) {
                int begin = position;
                while (begin > 0 && ids.getLong(8L * (begin - 1)) == ids.getLong(8L * position)) {
                    begin--;
                }
                int end = position;
                while (end < length && ids.getLong(8L * end) == ids.getLong(8L * position)) {
                    end++;
                }
                out.setInt(4L * position, begin);
                out.setInt(4L * (length + position), end);
                out.setInt(4L * (2 * length + position), 0);
                out.setInt(4L * (3 * length + position), length);
            }
        }
    }

    private static void forward(Launch launch, int batch, int head) {
        for (int row = 0; row < launch.queries; row++) {
            long line = launch.line("lse", batch, head, row);
            new Pointer(line).setFloat(0, 0);
            double total = 0;
            double[] weighted = new double[launch.dim];
            for (int key = 0; key < launch.keys; key++) {
                if (launch.sees(batch, head, row + launch.keys - launch.queries, key)) {
                    double weight = launch.weight(batch, head, row, key);
                    total += weight;
                    for (int x = 0; x < launch.dim; x++) {
                        weighted[x] += weight * launch.factor(batch, head, row, key) * launch.strided("v", batch, head / launch.group, key, x);
                    }
                }
            }
            for (int x = 0; x < launch.dim; x++) {
                weighted[x] /= total == 0 ? 1 : total;
            }
            launch.write("out", batch, head, row, launch.queries, weighted);
            new Pointer(line).setFloat(0, total == 0 ? Float.POSITIVE_INFINITY : (float) (Math.log(total) / Math.log(2)));
        }
    }

    private static void backwardQueries(Launch launch, int batch, int head) {
        assertFalse(Double.isNaN(launch.scale));
        for (int row = 0; row < launch.queries; row++) {
            delta(launch, batch, head, row);
            double[] gradient = queryGradient(launch, batch, head, row);
            for (int x = 0; x < launch.dim; x++) {
                gradient[x] *= launch.scale;
            }
            launch.write("q_grad", batch, head, row, launch.queries, gradient);
        }
    }

    private static void delta(Launch launch, int batch, int head, int row) {
        double delta = 0;
        for (int x = 0; x < launch.dim; x++) {
            delta += launch.result("out", batch, head, row, x) * launch.strided("grad", batch, head, row, x);
        }
        new Pointer(launch.line("delta", batch, head, row)).setFloat(0, (float) delta);
    }

    /** Without the scale. */
    private static double[] queryGradient(Launch launch, int batch, int head, int row) {
        double delta = new Pointer(launch.line("delta", batch, head, row)).getFloat(0);
        double[] gradient = new double[launch.dim];
        for (int key = 0; key < launch.keys; key++) {
            if (launch.sees(batch, head, row + launch.keys - launch.queries, key)) {
                double score = launch.weight(batch, head, row, key) * (launch.weightGradient(batch, head, row, key) - delta);
                for (int x = 0; x < launch.dim; x++) {
                    gradient[x] += score * launch.strided("k", batch, head / launch.group, key, x);
                }
            }
        }
        return gradient;
    }

    /** The queries' gradients in memory of their sums; those of queries that see nothing are not there. */
    private static void sumUp(Launch launch, int batch, int head) {
        for (int row = 0; row < launch.queries; row++) {
            assertEquals(0, new Pointer(launch.turns(batch, head, row)).getInt(0), "no program has added yet, or all wait for ever");
        }
        for (int row = 0; row < launch.queries; row++) {
            Pointer turns = new Pointer(launch.turns(batch, head, row));
            for (int key = 0; key < launch.keys; key++) {
                if (launch.sees(batch, head, row, key)) {
                    turns.setInt(0, 1);
                }
            }
        }
        for (int row = 0; row < launch.queries; row++) {
            if (new Pointer(launch.turns(batch, head, row)).getInt(0) > 0) {
                double[] gradient = queryGradient(launch, batch, head, row);
                for (int x = 0; x < launch.dim; x++) {
                    new Pointer(launch.sum(batch, head, row, x)).setFloat(0, (float) gradient[x]);
                }
            }
        }
    }

    private static void backwardKeys(Launch launch, int batch, int head) {
        for (int key = 0; key < launch.keys; key++) {
            double[] keyGradient = new double[launch.dim];
            double[] valueGradient = new double[launch.dim];
            for (int row = 0; row < launch.queries; row++) {
                if (launch.sees(batch, head, row + launch.keys - launch.queries, key)) {
                    double weight = launch.weight(batch, head, row, key);
                    double delta = new Pointer(launch.line("delta", batch, head, row)).getFloat(0);
                    double score = weight * (launch.weightGradient(batch, head, row, key) - delta) * launch.scale;
                    for (int x = 0; x < launch.dim; x++) {
                        keyGradient[x] += score * launch.strided("q", batch, head, row, x);
                        valueGradient[x] += weight * launch.factor(batch, head, row, key) * launch.strided("grad", batch, head, row, x);
                    }
                }
            }
            launch.write("k_grad", batch, head, key, launch.keys, keyGradient);
            launch.write("v_grad", batch, head, key, launch.keys, valueGradient);
        }
    }
}
