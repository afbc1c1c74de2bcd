package ai.spattention.train.machine;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * What was found about one thing.
 *
 * @param name what was looked at
 * @param status whether it works
 * @param detail what was found, one line
 * @param remedy what to do, one line; empty if nothing
 * @param needed whether the chosen device does not work without it
 */
public record Check(String name, Status status, String detail, String remedy, boolean needed) {

    /** Whether something works. */
    public enum Status {
        /** It works. */
        @JsonProperty("ok")
        OK("ok"),
        /** This machine does not have it, or cannot do it. */
        @JsonProperty("not here")
        ABSENT("not here"),
        /** It is there, but does not work. */
        @JsonProperty("failed")
        FAILED("failed");

        private final String text;

        Status(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /**
     * Something that works.
     *
     * @param name what was looked at
     * @param detail what was found
     * @return the check
     */
    static Check ok(String name, String detail) {
        return new Check(name, Status.OK, detail, "", false);
    }

    /**
     * Something that this machine does not have.
     *
     * @param name what was looked at
     * @param detail what was found
     * @param remedy what to do
     * @param needed whether the chosen device does not work without it
     * @return the check
     */
    static Check absent(String name, String detail, String remedy, boolean needed) {
        return new Check(name, Status.ABSENT, detail, remedy, needed);
    }

    /**
     * Something that does not work.
     *
     * @param name what was looked at
     * @param detail what happened
     * @param remedy what to do
     * @param needed whether the chosen device does not work without it
     * @return the check
     */
    static Check failed(String name, String detail, String remedy, boolean needed) {
        return new Check(name, Status.FAILED, detail, remedy, needed);
    }

    /**
     * Whether the chosen device works, as far as this goes.
     *
     * @return false if something needed does not work
     */
    @JsonIgnore
    public boolean isFine() {
        return status == Status.OK || !needed;
    }
}
