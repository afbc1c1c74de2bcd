package ai.spattention.pattern;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/**
 * A mask as it is given to {@link HeadMask}, bands in any order, overlapping or empty, with its meaning spelled out pair by
 * pair.
 *
 * @param bands the bands as given
 * @param prefixKeys the number of leading keys that are always seen
 * @param period the stride's period
 * @param residues the stride's residues
 * @param strideEnd the stride's bound
 * @param blocks what is seen by blocks
 */
public record RawMask(List<Band> bands, int prefixKeys, int period, List<Integer> residues, int strideEnd,
        KeyBlocks blocks) {

    /** The mask under test. */
    public HeadMask mask() {
        return new HeadMask(bands, prefixKeys, new Stride(period, residues, strideEnd), blocks);
    }

    /** Whether query i sees key j, by the definition. */
    public boolean sees(int i, int j) {
        if (j < 0 || j > i) {
            return false;
        }
        int d = i - j;
        return j < prefixKeys || PatternTable.seesBlock(blocks, i, j) || d < strideEnd && residues.contains(d % period)
                || bands.stream().anyMatch(band -> band.minDistance() <= d && d < band.maxDistance());
    }

    /** The same without what depends on where query and key stand. */
    public RawMask distancesAlone() {
        return new RawMask(bands, 0, period, residues, strideEnd, KeyBlocks.NONE);
    }

    /** Up to four bands, a prefix, a stride with or without an end, blocks of keys, each of which may be missing; distances up to about 60. */
    public static Arbitrary<RawMask> any() {
        Arbitrary<Band> band = Combinators.combine(Arbitraries.integers().between(0, 45),
                Arbitraries.integers().between(0, 15)).as((start, width) -> new Band(start, start + width));
        Arbitrary<Integer> prefix = Arbitraries.oneOf(Arbitraries.just(0), Arbitraries.integers().between(0, 12));
        Arbitrary<List<Boolean>> chosen = Arbitraries.oneOf(Arbitraries.just(List.<Boolean>of(false)),
                Arbitraries.of(false, false, true).list().ofMinSize(1).ofMaxSize(17));
        Arbitrary<Integer> end = Arbitraries.oneOf(Arbitraries.just(Stride.UNBOUNDED), Arbitraries.integers().between(0, 70));
        Arbitrary<KeyBlocks> drawn = Combinators.combine(Arbitraries.integers().between(1, 9), Arbitraries.integers().between(0, 3),
                Arbitraries.integers().between(0, 4), Arbitraries.integers().between(0, 3), Arbitraries.longs())
                .as((size, nearest, random, first, seed) -> new KeyBlocks(size, nearest, random, first, seed));
        Arbitrary<KeyBlocks> blocks = Arbitraries.oneOf(Arbitraries.just(KeyBlocks.NONE), drawn);
        return Combinators.combine(band.list().ofMaxSize(4), prefix, chosen, end, blocks).as((bands, prefixKeys, flags, strideEnd, keyBlocks) -> {
            List<Integer> residues = new ArrayList<>();
            for (int residue = 0; residue < flags.size(); residue++) {
                if (flags.get(residue)) {
                    residues.add(residue);
                }
            }
            return new RawMask(bands, prefixKeys, flags.size(), residues, strideEnd, keyBlocks);
        });
    }
}
