package ai.spattention.train.config;

import ai.spattention.common.InvalidInputException;
import java.util.List;

/** A value that a record refused. It names the keys at fault, so that the loader can say where they were set. */
final class InvalidKeyException extends InvalidInputException {

    private static final long serialVersionUID = 1L;

    private final String[] keys;

    InvalidKeyException(String message, String... keys) {
        super(message);
        this.keys = keys.clone();
    }

    /** The keys, the likeliest culprit first. */
    List<String> keys() {
        return List.of(keys);
    }
}
