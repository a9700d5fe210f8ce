import { describe, expect, it } from 'vitest'
import { groupsOf } from '../../../src/workers/hosts/host-groups.js'

describe('what a host shares with others', () => {
  it.each([
    ['www.example.co.uk', '1.1.1.1', ['domain:example.co.uk', 'place:1.1.1.1']],
    ['img.example.co.uk:8080', '1.1.1.1', ['domain:example.co.uk', 'place:1.1.1.1']],
    // Sites of other people, though they live under one name.
    ['ada.github.io', null, ['domain:ada.github.io']],
    ['[2606:4700::1111]:81', '2606:4700:0:0::/64', ['domain:[2606:4700::1111]', 'place:2606:4700:0:0::/64']],
    ['localhost', null, ['domain:localhost']],
  ])('%s at %s: %j', (host, place, groups) => {
    expect(groupsOf(host, place)).toEqual(groups)
  })
})
