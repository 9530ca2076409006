-- Withdraws codes of one import that nobody has and nobody was promised, the last first: what is given next stays longest.
-- The shelf is locked first, as whoever redeems does. Answers how many are gone, and how many free ones stay as promised.
create or replace function rewards_withdraw_codes(p_program int, p_reward text, p_pool uuid, p_actor text, p_reason text,
  p_at timestamptz, out withdrawn int, out kept int) language plpgsql as $$
declare s rewards_shelf;
begin
  select x.* into s from rewards_shelf x
   where x.program_id = p_program and x.reward = p_reward and x.session = '' for update;
  update rewards_code c set state = 'void'
   where c.id in (select x.id from rewards_code x
                   where x.program_id = p_program and x.reward = p_reward and x.pool_id = p_pool and x.state = 'free'
                   order by x.id desc limit greatest(0, s.base + s.added - s.taken) for update skip locked);
  get diagnostics withdrawn = row_count;
  if withdrawn > 0 then
    perform rewards_restock(p_program, p_reward, '', -withdrawn, p_actor, p_reason, p_at);
  end if;
  select count(*) into kept from rewards_code x
   where x.program_id = p_program and x.reward = p_reward and x.pool_id = p_pool and x.state = 'free';
end $$;
