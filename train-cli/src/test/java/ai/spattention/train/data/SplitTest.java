package ai.spattention.train.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Locale;
import org.junit.jupiter.api.Test;

class SplitTest {

    @Test
    void foldersAreNamedTheSameInEveryLanguage() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("tr-TR")); // where a capital I has a dotless small letter
            assertEquals("train", Split.TRAIN.folder());
            assertEquals("validation", Split.VALIDATION.folder());
        } finally {
            Locale.setDefault(before);
        }
    }
}
