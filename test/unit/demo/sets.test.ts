import { describe, expect, test } from 'vitest'
import { demoProblem } from '../../../src/demo/index.js'
import { missingPackagesProblem } from '../../../src/demo/sets.js'

describe('what the demo draws from', () => {
  test('is installed here', () => {
    expect(demoProblem()).toBeNull()
  })

  test('is named, where it is missing, with the command that installs it at the version that is wanted', () => {
    const problem = missingPackagesProblem(['@iconify-json/noto', 'emojilib'], {
      '@iconify-json/noto': '1.2.9',
      emojilib: '4.0.3',
    })
    expect(problem).toBe(
      'the demo draws its web from 10 packages, and 2 of them are not installed; install them with: ' +
        'npm install --no-save @iconify-json/noto@1.2.9 emojilib@4.0.3',
    )
  })

  test('is no problem where nothing is missing', () => {
    expect(missingPackagesProblem([], {})).toBeNull()
  })
})
