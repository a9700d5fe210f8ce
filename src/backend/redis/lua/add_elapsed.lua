-- add_elapsed({run, ms})   working time, summed over resumes
local p = argument()
add(run_number(p.run), 'elapsed', math.floor(p.ms + 0.5))
