package ai.spattention.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.spattention.common.InvalidInputException;
import ai.spattention.cuda.TensorView;
import ai.spattention.cuda.TensorView.Type;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TensorTest {

    private static final Region REGION = Region.fixed("numbers", 4096, 48); // 24 of bfloat16

    private static Tensor numbers() {
        return Tensor.dense(REGION, 0, Type.BFLOAT16, 4, 6);
    }

    @Test
    void partsLieWhereTheyLayInTheWhole() {
        Tensor part = numbers().rows(1, 2).columns(2, 3);
        assertArrayEquals(new long[] {2, 3}, part.sizes());
        assertArrayEquals(new long[] {6, 1}, part.strides());
        assertEquals(4096 + 2 * (6 + 2), part.address());
        assertEquals(6, part.elements());
        assertEquals("numbers [2, 3]", part.toString());
        TensorView view = part.view(3);
        assertEquals(4112, view.address());
        assertEquals(3, view.deviceIndex());
        assertEquals(Type.BFLOAT16, view.type());
        assertArrayEquals(new long[] {2, 3}, view.sizes());
    }

    @Test
    void otherAxesOverTheSameMemory() {
        assertArrayEquals(new long[] {12, 4, 1}, numbers().reshape(2, 3, 4).strides());
        Tensor transposed = numbers().columns(1, 2).as(new long[] {2, 4}, new long[] {1, 6});
        assertEquals(4098, transposed.address());
        assertEquals(2, transposed.size(0));
        assertEquals("numbers [4, 6] cannot be seen as [5, 5]",
                assertThrows(IllegalArgumentException.class, () -> numbers().reshape(5, 5)).getMessage());
        assertEquals("numbers [4, 3] cannot be seen as [12]", // its rows lie apart
                assertThrows(IllegalArgumentException.class, () -> numbers().columns(0, 3).reshape(12)).getMessage());
    }

    @ParameterizedTest
    @CsvSource({"0, 24, true", "0, 25, false", "1, 23, true", "1, 24, false", "-1, 4, false", "23, 1, true", "24, 1, false"})
    void anArrayLiesInItsRegion(long first, long size, boolean fits) {
        if (fits) {
            Tensor.dense(REGION, first, Type.BFLOAT16, size);
        } else {
            assertEquals("an array of [" + size + "] with strides [1] from element " + first + " on does not lie in numbers of 48 bytes",
                    assertThrows(IllegalArgumentException.class, () -> Tensor.dense(REGION, first, Type.BFLOAT16, size)).getMessage());
        }
    }

    @Test
    void whatIsNotThereIsRefused() {
        for (long[] part : new long[][] {{-1, 2}, {0, 0}, {3, 2}}) {
            assertEquals("axis 0 of numbers [4, 6] has no " + part[1] + " from " + part[0] + " on",
                    assertThrows(IllegalArgumentException.class, () -> numbers().rows(part[0], part[1])).getMessage());
        }
        assertEquals("axis 1 of numbers [4, 6] has no 7 from 0 on",
                assertThrows(IllegalArgumentException.class, () -> numbers().columns(0, 7)).getMessage());
        assertEquals("numbers cannot hold an array of [3, 0]",
                assertThrows(IllegalArgumentException.class, () -> Tensor.dense(REGION, 0, Type.INT32, 3, 0)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> numbers().as(new long[] {5, 6}, new long[] {6, 1}));
    }

    @Test
    void anArrayOfSomebodyElsesIsSeenAsItLies() {
        Tensor dense = Tensor.of("dense", new TensorView(4096, Type.FLOAT32, 0, new long[] {1, 5}, new long[] {77, 1}));
        assertArrayEquals(new long[] {5, 1}, dense.strides());
        assertEquals(20, dense.region().bytes());
        Tensor apart = Tensor.of("apart", new TensorView(4096, Type.BFLOAT16, 0, new long[] {3, 5}, new long[] {8, 1}));
        assertArrayEquals(new long[] {8, 1}, apart.strides());
        assertEquals(2 * (2 * 8 + 5), apart.region().bytes());
        assertEquals(1, Tensor.of("number", new TensorView(4096, Type.FLOAT32, 0, new long[0], new long[0])).elements());
    }

    @Test
    void whatAnOperationWantsIsRequired() {
        Tensor array = numbers();
        assertSame(array, array.require(Type.BFLOAT16, 4, -1));
        assertEquals("numbers must be FLOAT32 [4, any] (got BFLOAT16 [4, 6])",
                assertThrows(InvalidInputException.class, () -> array.require(Type.FLOAT32, 4, -1)).getMessage());
        assertThrows(InvalidInputException.class, () -> array.require(Type.BFLOAT16, 4, 5));
        assertThrows(InvalidInputException.class, () -> array.require(Type.BFLOAT16, 24));
    }

    @Test
    void sizesBelongToTheArrayAlone() {
        long[] sizes = {4, 6};
        Tensor array = new Tensor(REGION, 0, Type.BFLOAT16, sizes, new long[] {6, 1});
        sizes[0] = 1000;
        assertEquals(4, array.size(0));
    }

    @Test
    void aRegionOfTheArenaHasNoAddressBeforeThePlanPlacesIt() {
        Region region = Region.ofArena("sums", 8);
        Tensor sums = Tensor.dense(region, 1, Type.FLOAT32, 1);
        assertEquals("sums has no place in the arena yet", assertThrows(IllegalStateException.class, sums::address).getMessage());
        region.place(512);
        assertEquals(516, sums.address());
    }
}
