{# Kaplan-Meier from a CTE of exits: keys, duration, exits (subjects whose observation ends there) and events
   among them. Gives the CTE `kaplan_meier` with at_risk, events, censored, survival and its interval by
   log-log Greenwood, as lifelines.KaplanMeierFitter does: estimates, not money, so they are doubles. #}
{% macro kaplan_meier_ctes(exits, keys) -%}
    km_at_risk as (

        select
            {{ keys | join(",\n            ") }},
            duration,
            events,
            exits - events as censored,
            sum(exits) over from_here as at_risk
        from {{ exits }}
        window from_here as (
            partition by {{ keys | join(", ") }}
            order by duration
            rows between current row and unbounded following
        )

    ),

    km_products as (

        select
            {{ keys | join(",\n            ") }},
            duration,
            events,
            censored,
            at_risk,
            product(1 - cast(events as double) / at_risk) over until_here as survival,
            -- Where nobody is left the variance stands still: the estimate is 0 and so is its interval.
            sum(case
                when at_risk > events
                    then cast(events as double) / (cast(at_risk as double) * (at_risk - events))
                else 0
            end) over until_here as variance
        from km_at_risk
        window until_here as (
            partition by {{ keys | join(", ") }}
            order by duration
            rows between unbounded preceding and current row
        )

    ),

    km_quantile as (

        select
            cast({{ rule('retrospective_rule', 'normal_quantile') }} as double) as z

    ),

    kaplan_meier as (

        select
            {{ keys | join(",\n            ") }},
            km_products.duration,
            cast(km_products.at_risk as bigint) as at_risk,
            cast(km_products.events as bigint) as events,
            cast(km_products.censored as bigint) as censored,
            km_products.survival,
            case
                when km_products.survival in (0, 1) then km_products.survival
                else exp(-exp(
                    ln(-ln(km_products.survival))
                    - km_quantile.z * sqrt(km_products.variance) / ln(km_products.survival)
                ))
            end as survival_lower,
            case
                when km_products.survival in (0, 1) then km_products.survival
                else exp(-exp(
                    ln(-ln(km_products.survival))
                    + km_quantile.z * sqrt(km_products.variance) / ln(km_products.survival)
                ))
            end as survival_upper
        from km_products
        cross join km_quantile

    )
{%- endmacro %}
