package ai.spattention.olmoe.keys;

import ai.spattention.InvalidInputException;
import java.util.Arrays;
import java.util.List;

/**
 * A value, or some that do not fit together, which a record refused. It names the keys at fault, so that a reader can say where they
 * were set, and in which section they stand.
 */
public final class InvalidKeyException extends InvalidInputException {

    private static final long serialVersionUID = 1L;

    private final String template;
    private final String[] keys;

    /**
     * A refusal.
     *
     * @param template what is wrong, with each key that it mentions in braces, as in "{steps} must be at least 1 (got 0)"
     * @param keys the keys at fault, the likeliest culprit first
     */
    public InvalidKeyException(String template, String... keys) {
        super(named(template, "", keys));
        this.template = template;
        this.keys = keys.clone();
    }

    private InvalidKeyException(InvalidKeyException refusal, String prefix) {
        super(named(refusal.template, prefix, refusal.keys), refusal);
        template = getMessage();
        keys = Arrays.stream(refusal.keys).map(prefix::concat).toArray(String[]::new);
    }

    private static String named(String template, String prefix, String... keys) {
        String message = template;
        for (String key : keys) {
            message = message.replace("{" + key + "}", prefix + key);
        }
        return message;
    }

    /**
     * The same refusal of a record that is a section of another one.
     *
     * @param section the section's key
     * @return the refusal with the section before every key
     */
    public InvalidKeyException in(String section) {
        return new InvalidKeyException(this, section + ".");
    }

    /**
     * The keys at fault.
     *
     * @return the keys, the likeliest culprit first
     */
    public List<String> keys() {
        return List.of(keys);
    }
}
