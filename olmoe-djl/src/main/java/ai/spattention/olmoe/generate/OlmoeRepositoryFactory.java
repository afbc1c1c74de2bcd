package ai.spattention.olmoe.generate;

import ai.djl.repository.MRL;
import ai.djl.repository.Metadata;
import ai.djl.repository.Repository;
import ai.djl.repository.RepositoryFactory;
import ai.djl.repository.SimpleRepository;
import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * Finds model folders at addresses {@code olmoe:///FOLDER}, for programs that name a model in a setting and know no class of ours:
 * DJL finds this class by {@link java.util.ServiceLoader}, and what {@link OlmoeTextGeneration#criteria()} sets comes with the
 * folder. Arguments may stand in the address.
 *
 * <pre>{@code
 * Criteria.builder().setTypes(String.class, String.class)
 *         .optModelUrls("olmoe:///models/OLMoE-1B-7B?maxNewTokens=40&temperature=0.8")
 *         .build().loadModel();
 * }</pre>
 */
public final class OlmoeRepositoryFactory implements RepositoryFactory {

    private static final String SCHEME = "olmoe";

    @Override
    public Set<String> getSupportedScheme() {
        return Set.of(SCHEME);
    }

    /**
     * {@inheritDoc}
     *
     * @throws InvalidInputException if the address leads to no folder
     */
    @Override
    public Repository newInstance(String name, URI uri) {
        if (uri.getPath() == null || uri.getHost() != null || !Files.isDirectory(Path.of(uri.getPath()))) {
            throw new InvalidInputException(uri + " is no folder: the address of a model folder is " + SCHEME
                    + ":///FOLDER, with the whole path");
        }
        return new ModelFolder(name, uri, Path.of(uri.getPath()));
    }

    /** A folder whose only artifact is the model. */
    private static final class ModelFolder extends SimpleRepository {

        ModelFolder(String name, URI uri, Path folder) {
            super(name, uri, folder);
            arguments.put("engine", "PyTorch");
            arguments.put("blockFactory", OlmoeBlockFactory.class.getName());
            arguments.put("translatorFactory", OlmoeTranslatorFactory.class.getName());
        }

        @Override
        public Metadata locate(MRL mrl) throws IOException {
            Metadata metadata = super.locate(mrl);
            metadata.getArtifacts().forEach(model -> model.setOptions(Map.of("hasParameter", "false")));
            return metadata;
        }
    }
}
