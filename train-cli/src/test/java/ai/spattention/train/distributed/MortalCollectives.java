package ai.spattention.train.distributed;

/** A rank that counts its meetings with the others, and dies when it is about to meet them once more than it may. It knows no arrays. */
public final class MortalCollectives extends ForwardingCollectives {

    private final int most;
    private int meetings;

    public MortalCollectives(Collectives others, int most) {
        super(others);
        this.most = most;
    }

    /** How often this rank has met the others. */
    public int meetings() {
        return meetings;
    }

    @Override
    public double[] sum(double... values) {
        if (meetings == most) {
            throw new IllegalStateException("killed");
        }
        meetings++;
        return super.sum(values);
    }

    @Override
    public void barrier() {
        sum();
    }
}
