package ai.spattention.train.cli.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import ai.spattention.olmoe.tokenizer.ByteTokenizer;
import ai.spattention.train.Document;
import ai.spattention.train.SmallData;
import ai.spattention.train.TextData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunDigestsTest {

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
        RunDigests one = RunDigests.of(SmallData.config(here));
        assertEquals(one, RunDigests.of(SmallData.config(data("there", "abc "))), "the same data in another folder");
        RunDigests otherRate = RunDigests.of(SmallData.config(here, "optimizer.peak_lr=0.01"));
        assertEquals(one.data(), otherRate.data());
        assertNotEquals(one.config(), otherRate.config());
        RunDigests otherText = RunDigests.of(SmallData.config(data("other", "abd ")));
        assertEquals(one.config(), otherText.config());
        assertNotEquals(one.data(), otherText.data());
        RunDigests heldOut = RunDigests.of(SmallData.config(here, "data.validation_path=" + folder.resolve("other")));
        assertEquals(one.config(), heldOut.config());
        assertNotEquals(one.data(), heldOut.data());
    }
}
