package ai.spattention.cublas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.cublas.ProductShape.Matrix;
import ai.spattention.cuda.TensorView.Type;
import org.junit.jupiter.api.Test;

/** What a trial's times decide; that trials change no bit of a product, a GPU shows. */
class AlgorithmTrialTest {

    private static final double[] NONE = {};

    private static ProductShape product(long m, long k, long n, boolean leftTransposed) {
        Matrix left = leftTransposed ? new Matrix(k, m, m, Type.BFLOAT16, 256) : new Matrix(m, k, k, Type.BFLOAT16, 256);
        Matrix right = new Matrix(k, n, n, Type.BFLOAT16, 256);
        return new ProductShape(left, leftTransposed, right, false, new Matrix(m, n, n + 8, Type.FLOAT32, 256), false);
    }

    @Test
    void theLowestMedianWins() {
        assertEquals(2, AlgorithmTrial.fastest(new double[][] {{5, 5, 5}, {4, 9, 9}, {4, 4, 4}, {4.5, 4.5, 4.5}}));
        assertEquals(1, AlgorithmTrial.fastest(new double[][] {{5, 5, 5, 5}, {1, 4, 4.2, 100}}), "the mean of the two in the middle");
    }

    @Test
    void theFirstStaysUnlessAnotherIsClearlyFaster() {
        assertEquals(0, AlgorithmTrial.fastest(new double[][] {{100}, {98.1}, {99}}));
        assertEquals(1, AlgorithmTrial.fastest(new double[][] {{100}, {97.9}, {99}}));
        assertEquals(0, AlgorithmTrial.fastest(new double[][] {{5}}), "no choice");
    }

    /** An algorithm whose bits are others was not timed. */
    @Test
    void whatWasNotTimedIsNotTaken() {
        assertEquals(0, AlgorithmTrial.fastest(new double[][] {{5, 5}, NONE, NONE}));
        assertEquals(3, AlgorithmTrial.fastest(new double[][] {{5, 5}, NONE, {4, 4}, {3, 3}}));
    }

    @Test
    void operationsAreThoseOfTheProduct() {
        assertEquals(2L * 3 * 5 * 7, product(3, 5, 7, false).operations());
        assertEquals(2L * 3 * 5 * 7, product(3, 5, 7, true).operations());
        assertEquals(3L * 15 * Float.BYTES, product(3, 5, 7, true).out().bytes(), "rows lie 15 apart");
    }

    @Test
    void smallProductsAndSingleAlgorithmsAreNotTried() {
        assertTrue(AlgorithmTrial.isWorthWhile(product(16384, 2048, 6144, false), 8));
        assertFalse(AlgorithmTrial.isWorthWhile(product(16384, 2048, 6144, false), 1));
        assertFalse(AlgorithmTrial.isWorthWhile(product(2048, 512, 1536, false), 8));
    }

    /** The same product elsewhere is tried once; what the library's choice depends on makes it another one. */
    @Test
    void productsAreKnownByWhatAlgorithmsDependOn() {
        assertEquals(product(3, 5, 7, false), product(3, 5, 7, false));
        assertFalse(product(3, 5, 7, false).equals(product(3, 5, 7, true)));
        ProductShape shape = product(3, 5, 7, false);
        assertFalse(shape.equals(new ProductShape(shape.left(), false, shape.right(), false, shape.out(), true)));
        Matrix apart = new Matrix(3, 5, 5, Type.BFLOAT16, 16);
        assertFalse(shape.equals(new ProductShape(apart, false, shape.right(), false, shape.out(), false)));
    }
}
