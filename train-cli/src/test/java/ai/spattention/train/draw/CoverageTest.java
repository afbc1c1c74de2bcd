package ai.spattention.train.draw;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.spattention.pattern.HeadMask;
import ai.spattention.pattern.StandardPattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class CoverageTest {

    @Property(tries = 300)
    void aCellHoldsTheShareOfPairsThatAreSeen(@ForAll StandardPattern pattern, @ForAll @IntRange(min = 1, max = 90) int length,
            @ForAll @IntRange(min = 1, max = 90) int cells, @ForAll @IntRange(min = 0, max = 3) int head) {
        int side = Math.min(cells, length);
        HeadMask mask = pattern.headMask(head, 4, length);
        double[][] seen = new double[side][side];
        double[][] all = new double[side][side];
        for (int query = 0; query < length; query++) {
            for (int key = 0; key < length; key++) {
                all[query * side / length][key * side / length]++;
                seen[query * side / length][key * side / length] += mask.sees(query, key) ? 1 : 0;
            }
        }
        double[][] share = Coverage.of(mask, length, side);
        for (int i = 0; i < side; i++) {
            for (int j = 0; j < side; j++) {
                assertEquals(seen[i][j] / all[i][j], share[i][j], 1e-12);
            }
        }
    }
}
