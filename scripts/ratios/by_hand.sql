-- Four metrics as an analyst would ask for them: straight over the exported files, by shop, 30 days up to $t (no later than
-- the export's end, so that nothing in the files is of after $t). One statement a metric, named in the line before it.

-- quality_refund_rate
with paid as (
  select o.order_id, o.shop_id, o.paid_at, p.virtual
  from orders o join shops s using (shop_id) left join products p using (product_id)
  where s.platform = 'kuaishou' and o.paid_at >= $t - interval 44 day and o.paid_at < $t - interval 14 day
    and not coalesce(o.risk_flagged, false)
), signed as (
  select order_id, max(signed_at) as signed_at from parcels semi join paid using (order_id)
  where coalesce(direction, 'out') = 'out' group by order_id having count(signed_at) = count(*)
), refunds as (
  select distinct on (order_id) order_id, requested_at, reason from cases semi join paid using (order_id)
  where kind in ('refund_only', 'return_refund') order by order_id, requested_at, case_id
)
select shop_id,
  count(*) filter (r.requested_at <= paid_at + interval 14 day
    and r.reason in ('not_as_described', 'damaged', 'counterfeit', 'quality')) as numerator,
  count(*) as denominator
from paid left join signed using (order_id) left join refunds r using (order_id)
where coalesce(virtual, false) or signed_at <= paid_at + interval 14 day
group by shop_id;

-- timely_shipment
with promised as (
  select o.order_id, o.shop_id, o.promised_ship_at, o.closed_at
  from orders o join shops s using (shop_id) left join products p using (product_id)
  where s.platform = 'kuaishou' and o.promised_ship_at >= $t - interval 30 day and o.promised_ship_at < $t
    and (o.paid_at is not null or o.cod) and o.channel = 'self_built' and not coalesce(p.virtual, false)
), shipped as (
  select order_id, max(shipped_at) as shipped_at from parcels semi join promised using (order_id)
  where coalesce(direction, 'out') = 'out' and shipped_at is not null group by order_id
), refunds as (
  select order_id, min(requested_at) as requested_at from cases semi join promised using (order_id)
  where kind in ('refund_only', 'return_refund') group by order_id
)
select shop_id, count(*) filter (shipped_at <= promised_ship_at) as numerator, count(*) as denominator
from promised left join shipped using (order_id) left join refunds r using (order_id)
where not coalesce(r.requested_at <= promised_ship_at and (shipped_at is null or shipped_at > r.requested_at), false)
  and not coalesce(closed_at < promised_ship_at and shipped_at is null, false)
group by shop_id;

-- negative_review_rate
with paid as (
  select o.order_id, o.shop_id, o.paid_at from orders o join shops s using (shop_id)
  where s.platform = 'kuaishou' and o.paid_at >= $t - interval 43 day and o.paid_at < $t - interval 13 day
    and o.channel in ('self_built', 'flash', 'auction')
), reviewed as (
  select distinct on (order_id) order_id, reviewed_at, quality + logistics + service as stars
  from reviews semi join paid using (order_id)
  where coalesce(valid, true) and not coalesce(automatic, false) and overturned_at is null
  order by order_id, reviewed_at, review_id
)
select shop_id, count(*) filter (stars <= 6) as numerator, count(*) as denominator
from paid join reviewed using (order_id)
where reviewed_at::date - paid_at::date between 0 and 13
group by shop_id;

-- refund_only_time
select o.shop_id, sum(epoch(c.ended_at) - epoch(c.requested_at))::bigint as numerator, count(*) as denominator
from cases c join orders o using (order_id) join shops s using (shop_id)
where s.platform = 'kuaishou' and c.kind = 'refund_only' and c.ended_at >= $t - interval 30 day and c.ended_at < $t
  and c.escalated_at is null and o.channel in ('self_built', 'flash', 'auction')
group by o.shop_id;
