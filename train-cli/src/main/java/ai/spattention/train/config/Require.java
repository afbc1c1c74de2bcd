package ai.spattention.train.config;

import ai.spattention.olmoe.keys.InvalidKeyException;

/** Checks of the records that a range does not say. */
final class Require {

    private Require() {}

    static void that(boolean holds, String key, String rule, Object value) {
        if (!holds) {
            throw new InvalidKeyException(key + " " + rule + " (got " + Setting.shown(value.toString()) + ")", key);
        }
    }
}
