package ai.spattention.train.cli.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.Document;
import ai.spattention.train.SmallData;
import ai.spattention.train.TextData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunLikenessTest {

    @TempDir
    private Path folder;

    private Path data(String name, String text) throws IOException {
        TextData.prepare(List.of(new Document("one", text.repeat(50)), new Document("held", text)), new ByteTokenizer(),
                document -> document.source().equals("held"), folder.resolve(name));
        return folder.resolve(name);
    }

    @Test
    void tellSettingsAndDataApartButNotFolders() throws IOException {
        Path here = data("here", "abc ");
        RunLikeness one = RunLikeness.of(SmallData.config(here));
        assertEquals(one, RunLikeness.of(SmallData.config(data("there", "abc "))), "the same data in another folder");
        RunLikeness otherRate = RunLikeness.of(SmallData.config(here, "optimizer.peak_lr=0.01"));
        assertEquals(one.data(), otherRate.data());
        assertNotEquals(one.settings(), otherRate.settings());
        RunLikeness otherText = RunLikeness.of(SmallData.config(data("other", "abd ")));
        assertEquals(one.settings(), otherText.settings());
        assertNotEquals(one.data(), otherText.data());
        RunLikeness heldOut = RunLikeness.of(SmallData.config(here, "data.validation_path=" + folder.resolve("other")));
        assertEquals(one.settings(), heldOut.settings());
        assertNotEquals(one.data(), heldOut.data());
        assertTrue(one.settings().keySet().containsAll(Set.of("optimizer.peak_lr", "training.steps")), one.settings().toString());
    }
}
