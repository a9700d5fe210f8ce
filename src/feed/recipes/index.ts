import { energonRecipe } from './energon.js'
import type { Recipe, RecipeFacts } from './facts.js'
import { huggingFaceRecipe } from './hugging-face.js'
import { openClipRecipe } from './open-clip.js'
import { pytorchRecipe } from './pytorch.js'
import { webdatasetRecipe } from './webdataset.js'

export {
  type Consumer,
  consumers,
  type Recipe,
  type RecipeFacts,
  type RecipePlace,
  type RecipeSet,
  readersOf,
  recipeSetOf,
  type SourceCount,
} from './facts.js'
export { loadersText } from './notes.js'
export { openClipRecipe } from './open-clip.js'
export { placeProblem } from './quoting.js'
export { webdatasetLinks } from './webdataset.js'

/** What to paste, for each consumer. Pure. */
export function recipesOf(facts: RecipeFacts): readonly Recipe[] {
  return [
    openClipRecipe(facts),
    webdatasetRecipe(facts),
    pytorchRecipe(facts),
    huggingFaceRecipe(facts),
    energonRecipe(facts),
  ]
}
