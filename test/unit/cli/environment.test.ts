import { describe, expect, it } from 'vitest'
import { readEnvironment } from '../../../src/cli/environment.js'

describe('the environment', () => {
  it('has defaults where nothing is set', () => {
    expect(readEnvironment({}, '/home/ada')).toEqual({
      surroundings: {
        environment: {
          hubUrl: 'https://huggingface.co',
          hubToken: null,
          cacheDir: '/home/ada/.cache/pairmill',
          s3: { endpoint: null, region: null, pathStyle: null },
          browser: { path: '', named: null },
        },
        color: true,
        redraw: true,
        unicode: false,
        fleetUrl: null,
      },
    })
  })

  it('names the fleet', () => {
    expect(readEnvironment({ PAIRMILL_BACKEND: 'redis://r:6379' }, '/home/ada')).toMatchObject({
      surroundings: { fleetUrl: 'redis://r:6379' },
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

  it('says how S3 is reached', () => {
    const s3 = (variables: Record<string, string>) => {
      const read = readEnvironment(variables, '/home/ada')
      return 'surroundings' in read ? read.surroundings.environment.s3 : read.problem
    }
    const both = {
      AWS_ENDPOINT_URL: 'http://all:1',
      AWS_ENDPOINT_URL_S3: 'http://s3:1',
      AWS_REGION: 'eu-west-1',
    }
    expect(s3(both)).toEqual({ endpoint: 'http://s3:1', region: 'eu-west-1', pathStyle: null })
    expect(
      s3({ AWS_ENDPOINT_URL: 'http://all:1', AWS_DEFAULT_REGION: 'x', PAIRMILL_S3_PATH_STYLE: '0' }),
    ).toEqual({
      endpoint: 'http://all:1',
      region: 'x',
      pathStyle: false,
    })
    expect(s3({ PAIRMILL_S3_PATH_STYLE: 'yes' })).toBe("PAIRMILL_S3_PATH_STYLE: expected 0 or 1, got 'yes'")
    expect(s3({ AWS_ENDPOINT_URL_S3: 'me:secret@host' })).toMatch(/^AWS_ENDPOINT_URL_S3.*expected an http/)
    expect(s3({ AWS_ENDPOINT_URL_S3: 'me:secret@host' })).not.toContain('secret')
  })

  it('says where a browser is', () => {
    const browser = (variables: Record<string, string>) => {
      const read = readEnvironment(variables, '/home/ada')
      return 'surroundings' in read ? read.surroundings.environment.browser : read.problem
    }
    expect(browser({ PATH: '/usr/bin:/bin', PAIRMILL_CHROMIUM: '/opt/c/chrome' })).toEqual({
      path: '/usr/bin:/bin',
      named: '/opt/c/chrome',
    })
    expect(browser({ PAIRMILL_CHROMIUM: 'chrome' })).toBe(
      "PAIRMILL_CHROMIUM: expected the absolute path of a Chromium, got 'chrome'",
    )
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
