-- A script that begins work, or adds it, is refused by a server at maxmemory before it does anything, whatever it would write first. This writes nothing.
call('SETRANGE', root, 0, '')
