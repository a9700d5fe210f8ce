-- At maxmemory the server refuses a script at its first write, if that may grow. A deletion may not: after one, even of nothing, the script is let
-- through whole. So what is under way can be committed, and nothing is fetched a second time, nor are orders refused.
call('DEL', root)
