package ai.spattention.plan;

/** A piece of device memory that steps work on. Either it has its address from the start, or a plan places it in its arena. */
public final class Region {

    private static final long NOWHERE = 0;

    private final String name;
    private final long bytes;
    private final boolean placedByPlan;
    private long address;

    private Region(String name, long bytes, boolean placedByPlan, long address) {
        this.name = name;
        this.bytes = bytes;
        this.placedByPlan = placedByPlan;
        this.address = address;
    }

    /** A region of the arena, with no address yet. */
    static Region ofArena(String name, long bytes) {
        return new Region(name, bytes, true, NOWHERE);
    }

    /**
     * Memory that somebody else owns, and that stays where it is for as long as the plan is used.
     *
     * @param name what it holds, for messages
     * @param address its address on the device
     * @param bytes its size
     * @return the region
     */
    public static Region fixed(String name, long address, long bytes) {
        return new Region(name, bytes, false, address);
    }

    /**
     * What the region holds.
     *
     * @return the name, for messages
     */
    public String name() {
        return name;
    }

    /**
     * The size.
     *
     * @return bytes
     */
    public long bytes() {
        return bytes;
    }

    boolean isPlacedByPlan() {
        return placedByPlan;
    }

    void place(long where) {
        address = where;
    }

    long address() {
        if (address == NOWHERE) {
            throw new IllegalStateException(name + " has no place in the arena yet");
        }
        return address;
    }

    @Override
    public String toString() {
        return name;
    }
}
