import { describe, expect, it } from 'vitest'
import { readEnvironment } from '../../src/cli/environment.js'

describe('the environment', () => {
  it('has defaults where nothing is set', () => {
    expect(readEnvironment({}, '/home/ada')).toEqual({
      surroundings: {
        environment: {
          hubUrl: 'https://huggingface.co',
          hubToken: null,
          cacheDir: '/home/ada/.cache/pairmill',
        },
        color: true,
        redraw: true,
        unicode: false,
      },
    })
  })

  it('names the hub, its token and the cache folder', () => {
    const variables = { HF_ENDPOINT: 'http://127.0.0.1:9000/', HF_TOKEN: 'secret', HF_HOME: '/data/hf' }
    expect(readEnvironment(variables, '/home/ada')).toMatchObject({
      surroundings: {
        environment: { hubUrl: 'http://127.0.0.1:9000', hubToken: 'secret', cacheDir: '/data/hf/pairmill' },
      },
    })
  })

  it('takes XDG_CACHE_HOME only as an absolute path', () => {
    const cacheDir = (XDG_CACHE_HOME: string) => {
      const read = readEnvironment({ XDG_CACHE_HOME }, '/home/ada')
      return 'surroundings' in read ? read.surroundings.environment.cacheDir : null
    }
    expect(cacheDir('/var/cache')).toBe('/var/cache/pairmill')
    expect(cacheDir('cache')).toBe('/home/ada/.cache/pairmill')
  })

  it('honours NO_COLOR, a dumb terminal and the locale', () => {
    const read = (variables: Record<string, string>) => readEnvironment(variables, '/home/ada')
    expect(read({ NO_COLOR: '1' })).toMatchObject({ surroundings: { color: false, redraw: true } })
    expect(read({ NO_COLOR: '' })).toMatchObject({ surroundings: { color: true } })
    expect(read({ TERM: 'dumb' })).toMatchObject({ surroundings: { color: false, redraw: false } })
    expect(read({ LANG: 'en_US.UTF-8' })).toMatchObject({ surroundings: { unicode: true } })
    expect(read({ LANG: 'en_US.UTF-8', LC_ALL: 'C' })).toMatchObject({ surroundings: { unicode: false } })
  })

  it('refuses a hub that is no web address', () => {
    expect(readEnvironment({ HF_ENDPOINT: 'hub.local' }, '/home/ada')).toEqual({
      problem: "HF_ENDPOINT: expected an http or https URL such as https://huggingface.co, got 'hub.local'",
    })
  })
})
